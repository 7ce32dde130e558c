# For sourcing: apt with lists and caches of its own, so that packages of another release or another
# architecture can be fetched and unpacked while the machine's own package state stays as it is.

# The addresses from which this machine gets a suite ("bookworm", "bookworm-security").
own_mirrors() {
  local suite=$1
  # Either of the two places may be empty.
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null || true; } |
    sed -n 's/^deb[[:space:]]\+\(\[[^]]*\][[:space:]]*\)\?\([^[:space:]]\+\)[[:space:]]\+'"$suite"'[[:space:]].*/\2/p'
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -e $file ]] || continue
    awk -v suite="$suite" '
      function flush(i, n, parts) {
        if ((" " suites " ") ~ (" " suite " ")) { n = split(uris, parts, " "); for (i = 1; i <= n; i++) print parts[i] }
        uris = suites = ""
      }
      /^[[:space:]]*$/ { flush() }
      tolower($1) == "uris:" { $1 = ""; uris = $0 }
      tolower($1) == "suites:" { $1 = ""; suites = $0 }
      END { flush() }' "$file"
  done
}

# Debian's and Ubuntu's archives first, other vendors' after them.
preferred_mirrors() {
  local all
  all=$(own_mirrors "$1" | sed 's,/*$,,' | awk '!seen[$0]++')
  { grep -E '/(debian|ubuntu)$' <<< "$all"; grep -vE '/(debian|ubuntu)$' <<< "$all"; } | sed '/^$/d' || true
}

# write_private_apt HOME ARCHITECTURES LINE...: HOME/apt.conf and HOME/sources.list with these lines;
# use it as `apt-get -c HOME/apt.conf`. ARCHITECTURES: "amd64 arm64", the first is the machine's.
write_private_apt() {
  local home=$1 architectures=$2 name
  shift 2
  rm -rf "$home"
  mkdir -p "$home/lists/partial" "$home/cache/archives/partial"
  : > "$home/status"
  printf '%s\n' "$@" > "$home/sources.list"
  cat > "$home/apt.conf" << END
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Pre-Invoke;
#clear APT::Architectures;
APT::Architecture "${architectures%% *}";
Dir::State::status "$home/status";
Dir::Etc::SourceList "$home/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$home/lists";
Dir::Cache "$home/cache";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Retries "2";
END
  for name in $architectures; do echo "APT::Architectures:: \"$name\";" >> "$home/apt.conf"; done
}
