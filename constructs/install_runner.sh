# What follows the settings that constructs/mounted_runner.py writes: REGION, and FILES with a line
# `MACHINE NAME SHA-256 URL` for each file (MACHINE as `uname -m` says it, or `any`).
#
# The agent's service gets a further condition before anything else is tried, so that the instance joins its cluster
# only with the right files, whatever happens here, and after a reboot too.

# shellcheck shell=bash disable=SC2154 # the settings stand above

set -u
umask 022
runner_folder=/opt/batchyard/bin
hashes=/opt/batchyard/runner.sha256
condition=/etc/systemd/system/ecs.service.d/batchyard-runner.conf
attempts=5
no_content=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

fail() {
  echo "batchyard: this instance does not join its cluster: $1" | tee /dev/console
  exit 1
}

close_the_gate() {
  mkdir -p "$runner_folder" "${condition%/*}" &&
    printf '[Service]\nExecStartPre=/usr/bin/sha256sum --check --strict --quiet %s\n' "$hashes" >"$condition" &&
    systemctl daemon-reload
}

files_of_this_machine() {
  local machine name hash url
  while read -r machine name hash url; do
    [[ $machine != any && $machine != "$(uname -m)" ]] || echo "$name $hash $url"
  done <<<"$FILES"
}

# Sets `signer`: what curl signs with, as its configuration file says it. Never in an argument, which anyone can read.
read_credentials() {
  local metadata=http://169.254.169.254/latest token role answer
  token=$(curl -sSf --max-time 10 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$metadata/api/token") || return 1
  role=$(ask_metadata "$metadata/meta-data/iam/security-credentials/") || return 1
  answer=$(ask_metadata "$metadata/meta-data/iam/security-credentials/${role%%$'\n'*}") || return 1
  answer=${answer//$'\n'/ }
  signer="user = \"$(member AccessKeyId):$(member SecretAccessKey)\"
header = \"x-amz-security-token: $(member Token)\"
header = \"x-amz-content-sha256: $no_content\"
aws-sigv4 = \"aws:amz:$REGION:s3\""
}

ask_metadata() { # URL
  curl -sSf --max-time 10 -H @- "$1" <<<"X-aws-ec2-metadata-token: $token"
}

member() { # NAME
  sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" <<<"$answer"
}

# The ECS-optimized AMI has no AWS CLI, and its curl signs.
download() { # URL FILE
  read_credentials || return 1
  curl -sSf --connect-timeout 10 --max-time 300 --output "$2" --config - "$1" <<<"$signer"
}

install() { # NAME SHA-256 URL
  local attempt new found why='' target=$runner_folder/$1
  new=$target.new
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    ((attempt == 1)) || sleep $((2 ** (attempt - 1)))
    if ! why=$(download "$3" "$new" 2>&1); then
      why="it could not be fetched from $3: $why"
      continue
    fi
    found=$(sha256sum <"$new")
    if [[ ${found%% *} == "$2" ]]; then
      chmod 0755 "$new" && mv -f "$new" "$target" && return 0
      why='it could not be written'
    else
      why="its SHA-256 is ${found%% *}, and it must be $2"
    fi
  done
  rm -f "$new"
  fail "$target is missing: $why ($attempts attempts)"
}

if ! close_the_gate; then
  systemctl mask --now --no-block ecs.service
  fail "the condition of its agent could not be written to $condition"
fi

wanted=$(files_of_this_machine)
[[ $wanted == *"s5cmd "* ]] || fail "the deployment has no s5cmd for $(uname -m), which it was not made for"
while read -r name hash url; do
  echo "$hash  $runner_folder/$name"
done <<<"$wanted" >"$hashes" || fail "$hashes could not be written"

# A machine image may bring them.
if ! sha256sum --check --strict --status "$hashes" 2>/dev/null; then
  while read -r name hash url; do
    install "$name" "$hash" "$url"
  done <<<"$wanted"
fi
echo "batchyard: the runner is in $runner_folder" | tee /dev/console
