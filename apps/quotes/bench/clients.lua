-- Each request comes from another client, as a trusted proxy would say, and each round from others,
-- so that none reaches a limit of 10.
local n = 0
function init(args)
  n = tonumber(args[1]) * 1000000
end
function request()
  n = n + 1
  local address = string.format("10.%d.%d.%d", n / 65536 % 256, n / 256 % 256, n % 256)
  wrk.headers["X-Forwarded-For"] = address
  return wrk.format("GET")
end
