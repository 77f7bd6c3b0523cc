#!/usr/bin/env bash
# tools.sh LANGUAGE...: installs what the clients of these languages need, and the linters, at
# pinned versions into a cache, and prints its folder. npm, pip and Maven's jars are held against
# checksums. Go comes with the machine; Java, if it is missing, from Debian.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# The folder is named after the pins: other pins get another cache.
pins=$(cat "$0" "$here"/npm/package*.json "$here"/java/{pom.xml,jars.sha256} \
  "$here/python/requirements.txt" | sha256sum | cut -c 1-12)
tools=${XDG_CACHE_HOME:-$HOME/.cache}/quotes-platform/clients-$pins
mkdir -p "$tools"
exec 3>&1 >&2 9>"$tools/lock"
flock 9

# step FOLDER COMMAND: lets the command fill $tools/part, and gives it its name; once.
step() {
  if [ -e "$tools/$1" ]; then return; fi
  rm -rf "$tools/part"
  mkdir "$tools/part"
  "$2"
  mv "$tools/part" "$tools/$1"
}
npm_packages() {
  cp "$here"/npm/package*.json "$tools/part"
  (cd "$tools/part" && npm ci --ignore-scripts --no-audit --no-fund --no-progress --silent)
}
python_packages() {
  python3 -m venv "$tools/part"
  "$tools/part/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --require-hashes --requirement "$here/python/requirements.txt"
}
jars() {
  if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends default-jdk-headless maven
  fi
  mvn --batch-mode --quiet --file "$here/java/pom.xml" dependency:copy \
    -DoutputDirectory="$tools/part"
  (cd "$tools/part" && sha256sum --check --strict --quiet "$here/java/jars.sha256")
}

step npm npm_packages
for language in "$@"; do
  if [ "$language" = typescript ]; then continue; fi
  step jars jars
  if [ "$language" = python ]; then step python python_packages; fi
done
echo "$tools" >&3
