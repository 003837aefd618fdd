#!/bin/bash -p
# Fetch a script or an archive from S3, verify it, run it, and pass its exit code on.
#
# Inside a job this is the image's ENTRYPOINT: `fetch_and_run.sh LABEL [ARGUMENT]...`. docs/runner.md describes the
# variables and the exit codes. It needs bash 4.4, coreutils, and s5cmd or the AWS CLI; unzip or tar for archives.
#
# Two things shape the code. A fork costs about as much as everything else here, so built-ins do what they can. And
# bash puts a trap off until the command in the foreground ends, so nothing that may last runs in the foreground.
# (-p: neither BASH_ENV nor SHELLOPTS nor exported functions of the environment change how the runner behaves.)

# shellcheck disable=SC2329 # traps and tables call functions by name

set -u +o posix
IFS=$' \t\n'
shopt -u checkwinsize

MAXIMUM_ATTEMPTS=5
LONGEST_DELAY_MILLISECONDS=20000
# The SHA-256 of an object that came without one is logged too, as far as that costs next to nothing.
HASHED_ANYWAY_BYTES=16777216
EXIT_USAGE=2 EXIT_DATA=65 EXIT_UNAVAILABLE=69 EXIT_REFUSED=77 EXIT_NOT_EXECUTABLE=126 EXIT_NOT_FOUND=127
declare -A SIGNALS=([HUP]=1 [INT]=2 [QUIT]=3 [USR1]=10 [USR2]=12 [TERM]=15)

folder='' job='' last_background=''
output='' status=0 settings=() region='' digest='' interpreter=() given_environment=()

# What others named (keys, entries of archives, answers of servers) cannot forge a line or steer a terminal.
say() { printf 'fetch_and_run: %s\n' "${@//[[:cntrl:]]/?}" >&2; }

die() { # CODE MESSAGE...
  local code=$1
  shift
  say "$@"
  exit "$code"
}

usage_error() {
  die "$EXIT_USAGE" "$1" \
    'usage: fetch_and_run.sh LABEL [ARGUMENT]...         with BATCH_FILE_TYPE=script' \
    '       fetch_and_run.sh FILE_INSIDE [ARGUMENT]...   with BATCH_FILE_TYPE=zip or tar' \
    '  BATCH_FILE_TYPE           script, zip or tar (plain or compressed)' \
    '  BATCH_FILE_S3_URL         s3://bucket/key' \
    '  BATCH_FILE_SHA256         optional: SHA-256 that the object must have, 64 hexadecimal digits' \
    '  BATCH_FILE_VERSION_ID     optional: the version of the object' \
    '  KEEP_BATCH_FILE_CONTENTS  optional: not empty leaves the temporary folder'
}

# --- signals, child processes, the end -------------------------------------------------------------------------------

# A signal before the job starts ends the runner; later ones are the job's, whose process id is in $! before it is in
# `job`.
on_signal() { # NAME
  if [[ -z $last_background || $! == "$last_background" ]]; then
    ignore_signals
    end_children
    exit $((128 + SIGNALS[$1]))
  fi
  job=$!
  # bash loses a signal between its fork and the job's exec, so wait until the command line is the job's.
  while command_line_is_ours; do sleep 0.01; done
  kill -s "$1" -- "-$job"
} 2>/dev/null

ignore_signals() { trap '' "${!SIGNALS[@]}"; }

command_line_is_ours() {
  local ours theirs
  mapfile -d '' -t ours <"/proc/$$/cmdline" && mapfile -d '' -t theirs <"/proc/$job/cmdline" || return 1
  [[ ${#theirs[@]} -gt 0 && ${ours[*]} == "${theirs[*]}" ]]
} 2>/dev/null

# Asked of bash, since a signal can come between a fork and the assignment of its process id. bash forgets a child that
# ends as a signal comes (its `wait` jumps away between wait4 and the entry in the table of jobs) and would then wait
# for the others: so all are killed first, and only those that are there are waited for.
end_children() {
  local pid pids
  pids=$(jobs -p)
  for pid in $pids; do kill -KILL -- "-$pid"; done
  for pid in $pids; do [[ ! -d /proc/$pid ]] || wait "$pid"; done
} 2>/dev/null

clean_up() {
  ignore_signals
  [[ -n $folder && -d $folder ]] || return 0
  if [[ -n ${KEEP_BATCH_FILE_CONTENTS:-} ]]; then
    say "kept $folder"
    return 0
  fi
  # The second try: the job may have left folders without permissions, or a child that still writes.
  rm -rf -- "$folder" 2>/dev/null && return 0
  chmod -R u+rwx -- "$folder" 2>/dev/null
  rm -rf -- "$folder" 2>/dev/null || say "could not remove $folder"
}

# Run a program to its end with its stdout and stderr in `output` and its exit code in `status`, with `settings` added
# to its environment. In the background and waited for, so that a signal is handled at once; in a process group, so
# that nothing of it is left. With PATIENCE > 0 a program that writes nothing into the folder for so many seconds is
# killed (status 124).
capture() { # PATIENCE PROGRAM [ARGUMENT]...
  local patience=$1 tool timer=''
  shift
  set -m
  (
    [[ ${#settings[@]} == 0 ]] || export "${settings[@]}" 2>/dev/null # bash warns of a locale that is not there
    exec "$@"
  ) >"$folder/output" 2>&1 </dev/null &
  tool=$!
  while ((patience > 0)); do
    : >"$folder/mark"
    sleep "$patience" &
    timer=$!
    wait -n
    kill -0 "$tool" || break
    made_progress || patience=0
  done
  set +m
  if [[ -n $timer ]] && kill -0 "$tool"; then
    kill -KILL -- "-$tool"
    wait "$tool"
    status=124
  else
    wait "$tool"
    status=$?
    if [[ -n $timer ]]; then
      kill -KILL "$timer"
      wait "$timer"
    fi
  fi
  IFS= read -r -d '' output <"$folder/output"
} 2>/dev/null

made_progress() {
  local file
  for file in "$folder"/object*; do
    [[ ! $file -nt $folder/mark ]] || return 0
  done
  return 1
}

now_milliseconds() { # sets `now`
  now=${EPOCHREALTIME:-$SECONDS.000000}
  now=${now//[^0-9]/}
  now=$((10#$now / 1000))
}

pause() { # MILLISECONDS
  local seconds
  printf -v seconds '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
  capture 0 sleep "$seconds"
}

# --- what was asked for ----------------------------------------------------------------------------------------------

read_request() {
  type=${BATCH_FILE_TYPE:-}
  url=${BATCH_FILE_S3_URL:-}
  wanted_digest=${BATCH_FILE_SHA256:-}
  wanted_digest=${wanted_digest,,}
  version=${BATCH_FILE_VERSION_ID:-}
  [[ -n $type ]] || usage_error 'BATCH_FILE_TYPE is not set: it must be script, zip or tar'
  [[ $type == @(script|zip|tar) ]] || usage_error "BATCH_FILE_TYPE is '$type': it must be script, zip or tar"
  [[ -n $url ]] || usage_error 'BATCH_FILE_S3_URL is not set: it must be s3://bucket/key'
  [[ $url =~ ^[sS]3://([A-Za-z0-9][A-Za-z0-9._-]*)/(.+)$ ]] ||
    usage_error "BATCH_FILE_S3_URL is '$url': it must be s3://bucket/key"
  bucket=${BASH_REMATCH[1]} key=${BASH_REMATCH[2]}
  url=s3://$bucket/$key
  [[ -z $wanted_digest || $wanted_digest =~ ^[0-9a-f]{64}$ ]] ||
    usage_error "BATCH_FILE_SHA256 is '$wanted_digest': it must be 64 hexadecimal digits"
  [[ $version != *[[:space:][:cntrl:]]* ]] || usage_error 'BATCH_FILE_VERSION_ID holds a space or a control character'
  [[ $type == script || -n ${1:-} ]] || usage_error "BATCH_FILE_TYPE=$type needs the file to run as its first argument"
  read_backoff
  stall_seconds=${FETCH_AND_RUN_STALL_SECONDS:-30}
  [[ $stall_seconds =~ ^[1-9][0-9]{0,5}$ ]] ||
    usage_error "FETCH_AND_RUN_STALL_SECONDS is '$stall_seconds': it must be a whole number of seconds, 1 or more"
  read_endpoint
}

read_endpoint() {
  endpoint=${AWS_ENDPOINT_URL_S3:-${AWS_ENDPOINT_URL:-}}
  [[ ${AWS_IGNORE_CONFIGURED_ENDPOINT_URLS:-} != [Tt][Rr][Uu][Ee] ]] || endpoint=''
  endpoint=${endpoint:-${S3_ENDPOINT_URL:-}}
  [[ -z $endpoint || $endpoint == http?(s)://?* ]] || usage_error 'the endpoint URL must begin with http:// or https://'
}

read_backoff() { # seconds, to the millisecond
  local given=${FETCH_AND_RUN_BACKOFF_SECONDS:-1} fraction
  [[ $given =~ ^([0-9]{1,6})(\.([0-9]{1,3}))?$ ]] ||
    usage_error "FETCH_AND_RUN_BACKOFF_SECONDS is '$given': it must be a number of seconds, such as 1 or 0.05"
  fraction=${BASH_REMATCH[3]}000
  backoff_milliseconds=$((10#${BASH_REMATCH[1]} * 1000 + 10#${fraction:0:3}))
}

# s5cmd as named, or beside this script, or on PATH; else the AWS CLI.
find_client() {
  local beside=${BASH_SOURCE[0]%/*}/s5cmd
  client=fetch_with_s5cmd
  if [[ -n ${FETCH_AND_RUN_S5CMD:-} ]]; then
    client_program=$FETCH_AND_RUN_S5CMD
    [[ -f $client_program && -x $client_program ]] ||
      usage_error "FETCH_AND_RUN_S5CMD is '$client_program': there is no such program"
  elif [[ -f $beside && -x $beside ]]; then
    client_program=$beside
  elif ! client_program=$(type -P s5cmd); then
    client=fetch_with_aws
    client_program=$(type -P aws) ||
      die "$EXIT_UNAVAILABLE" 'no S3 client in this image: put s5cmd on PATH or beside fetch_and_run.sh, or install the AWS CLI'
  fi
  [[ $client/$key != fetch_with_s5cmd/*/ ]] ||
    usage_error "BATCH_FILE_S3_URL is '$url': s5cmd cannot fetch a key that ends in /. Rename the object, or use an image with the AWS CLI and without s5cmd"
  [[ $client/$key != fetch_with_aws/file://* && $client/$key != fetch_with_aws/fileb://* ]] ||
    usage_error "BATCH_FILE_S3_URL is '$url': the AWS CLI cannot fetch a key that begins with file:// or fileb://. Rename the object, or put s5cmd into the image"
}

make_folder() {
  local parent=${TMPDIR:-/tmp}
  [[ -d $parent ]] || usage_error "TMPDIR is '$parent': there is no such folder"
  [[ -w $parent && -x $parent ]] || usage_error "TMPDIR is '$parent': it is not writable for user $EUID, or read-only"
  [[ $parent == /* ]] || parent=$PWD/$parent
  # Not a secret name: mkdir fails if it is there already, and the mode keeps everyone else out.
  folder=$parent/fetch_and_run.$$.$RANDOM$RANDOM
  LC_ALL=C mkdir -m 0700 -- "$folder" 2>/dev/null && return 0
  # Once more, for the message. Not at once: a trap that bash runs before a command substitution does not work.
  output=$(LC_ALL=C mkdir -m 0700 -- "$folder" 2>&1) && return 0
  folder=''
  die "$EXIT_UNAVAILABLE" "could not make a folder in TMPDIR '$parent': $output"
}

# --- fetching --------------------------------------------------------------------------------------------------------

# Every fetch_with_… makes one attempt at $folder/object. Success: returns 0 and sets `bytes`, and `expected_bytes`
# where the client tells. Failure: returns 1 and sets `failure`, and what it can of `failure_name` (the name that S3
# or the SDK gives the error) and `failure_status` (HTTP).

# One process asks for the size (HEAD) and for the content. It reads its commands from a file, quoted, and expands no
# wildcard (--raw). Its own retries are off: ours alone count.
fetch_with_s5cmd() {
  local source target=$folder/object line options=(--raw)
  [[ -z $version ]] || options+=("--version-id=$version")
  if [[ $url$folder == *$'\n'* ]]; then
    set -- cp "${options[@]}" "$url" "$target" # a command file cannot hold a line break; no size is known then
  else
    quote "$url" source
    quote "$target" target
    quote "--version-id=$version" 'options[1]'
    [[ -n $version ]] || options=(--raw)
    printf '%s\n' "head ${options[*]} $source" "cp ${options[*]} $source $target" >"$folder/commands"
    set -- run "$folder/commands"
  fi
  settings=()
  [[ -z $endpoint ]] || settings+=("S3_ENDPOINT_URL=$endpoint")
  [[ -z $region ]] || settings+=("AWS_REGION=$region")
  capture "$stall_seconds" "$client_program" --json --retry-count 0 "$@"
  while IFS= read -r line; do
    case $line in
      '{"operation":"cp","success":true,'*) size_in "$line" bytes ;;
      '{"key":"'*) size_in "$line" expected_bytes ;;
      '{"operation":"cp",'*'"error":"'*) error_in "$line" ;;
      *'"error":"'*) [[ -n $failure ]] || error_in "$line" ;;
    esac
  done <<<"$output"
  [[ -z $bytes ]] || return 0
  [[ $failure =~ ^([A-Za-z]+): ]] && failure_name=${BASH_REMATCH[1]}
  # The last one is the SDK's: the message before it may hold anything.
  [[ $failure == *'status code: '* && ${failure##*'status code: '} =~ ^([0-9]{3})(,|$) ]] && failure_status=${BASH_REMATCH[1]}
  : "${failure:=${output:-"s5cmd ended with code $status"}}"
  return 1
}

quote() { # TEXT RESULT: as the command files of s5cmd want it
  printf -v "$2" "'%s'" "${1//\'/\'\\\'\'}"
}

size_in() { # JSON RESULT: a quote inside a JSON string is escaped, so this finds the member alone; 0 is left out
  printf -v "$2" 0
  [[ $1 =~ \"size\":([0-9]+)[,\}] ]] && printf -v "$2" '%s' "${BASH_REMATCH[1]}"
}

error_in() { # JSON
  failure=${1##*'"error":"'}
  failure=${failure%'"}'}
  failure=${failure//'\"'/\"}
}

fetch_with_aws() {
  local options=(--bucket "$bucket" --key "$key")
  [[ -z $version ]] || options+=(--version-id "$version")
  settings=(AWS_MAX_ATTEMPTS=1 AWS_PAGER='')
  [[ -z $endpoint ]] || settings+=("AWS_ENDPOINT_URL_S3=$endpoint")
  [[ -z $region ]] || settings+=("AWS_REGION=$region" "AWS_DEFAULT_REGION=$region")
  capture "$stall_seconds" "$client_program" s3api get-object --output json "${options[@]}" "$folder/object"
  if ((status == 0)) && [[ $output =~ \"ContentLength\":\ ([0-9]+) ]]; then
    bytes=${BASH_REMATCH[1]}
    return 0
  fi
  [[ $output =~ 'An error occurred ('([A-Za-z0-9.]+)')' ]] && failure_name=${BASH_REMATCH[1]}
  [[ $failure_name =~ ^[0-9]{3}$ ]] && failure_status=$failure_name
  [[ $output == *'Unable to locate credentials'* ]] && failure_name=NoCredentialProviders
  failure=${output:-"aws ended with code $status"}
  return 1
}

# Which exit code the failure means, and whether another attempt could help.
judge() {
  final_code=$EXIT_UNAVAILABLE retryable=''
  case $failure_name/$failure_status in
    RequestTimeout/* | */408 | */409 | */429) retryable=yes ;;
    NoCredentialProviders/*)
      # From a container's role they come by HTTP, which is too busy now and then; the SDK does not say which it was.
      final_code=$EXIT_REFUSED retryable=${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI:-${AWS_CONTAINER_CREDENTIALS_FULL_URI:-}}
      ;;
    AccessDenied/* | Forbidden/* | InvalidAccessKeyId/* | SignatureDoesNotMatch/* | \
      ExpiredToken/* | InvalidToken/* | InvalidObjectState/* | SharedConfigLoadError/* | */401 | */403)
      final_code=$EXIT_REFUSED
      ;;
    NoSuch*/* | NotFound/* | InvalidArgument/* | InvalidRequest/* | MethodNotAllowed/* | */4??) ;;
    *) retryable=yes ;;
  esac
  if disk_is_full "$failure"; then
    failure="no space left in TMPDIR '${TMPDIR:-/tmp}'. $failure" retryable=''
  fi
  # The region that was set is the job's, not the bucket's: S3 says which one is right.
  if [[ -z $region && $failure =~ ("bucket is in '"|"expecting '")([a-z0-9-]+)"'" ]]; then
    region=${BASH_REMATCH[2]} retryable=yes
  fi
}

disk_is_full() { # MESSAGE: of the program that failed; a full disk may have swallowed it
  [[ $1 == *[Nn]'o space left on device'* || $1 == *'disk full'* ]] || ! printf '%4096s' x >"$folder/probe"
} 2>/dev/null

fetch() {
  local delay=$backoff_milliseconds wait_for final_code
  for ((attempt = 1; ; attempt++)); do
    failure='' failure_name='' failure_status='' bytes='' expected_bytes=''
    if "$client"; then
      [[ -n $expected_bytes && $bytes != "$expected_bytes" ]] || return 0
      failure="$bytes bytes arrived of an object of $expected_bytes bytes" final_code=$EXIT_DATA retryable=yes
    else
      ((status != 124)) || failure="nothing arrived for $stall_seconds seconds. $failure"
      judge
    fi
    failure=${failure//$'\n'/ }
    [[ -n $retryable && $attempt -lt $MAXIMUM_ATTEMPTS ]] || break
    # A quarter more or less, so that a thousand jobs that failed together do not come back together.
    wait_for=$((delay * (75 + RANDOM % 51) / 100))
    say "attempt $attempt of $MAXIMUM_ATTEMPTS failed, next in $wait_for ms: $failure"
    pause "$wait_for"
    delay=$((delay * 2 < LONGEST_DELAY_MILLISECONDS ? delay * 2 : LONGEST_DELAY_MILLISECONDS))
  done
  die "$final_code" "could not fetch $url${version:+ version $version} (attempts: $attempt): $failure"
}

verify() {
  ((bytes > 0)) || die "$EXIT_DATA" "$url is empty"
  [[ -n $wanted_digest ]] || ((bytes <= HASHED_ANYWAY_BYTES)) || return 0
  capture 0 sha256sum -- "$folder/object"
  ((status == 0)) || die "$EXIT_UNAVAILABLE" "could not read the object again: ${output%$'\n'}"
  digest=${output#\\}
  digest=${digest:0:64}
  [[ -z $wanted_digest || $digest == "$wanted_digest" ]] ||
    die "$EXIT_DATA" "$url has the SHA-256 $digest, and BATCH_FILE_SHA256 wants $wanted_digest: nothing was run"
}

# --- archives --------------------------------------------------------------------------------------------------------

unpack_zip() {
  local name
  type -P unzip >/dev/null || die "$EXIT_NOT_FOUND" 'BATCH_FILE_TYPE=zip needs unzip in the image'
  # Without a UTF-8 locale unzip rewrites names; its own variables could add options.
  settings=(LC_ALL=C.UTF-8 UNZIP='' UNZIPOPT='' ZIPINFO='' ZIPINFOOPT='')
  capture 0 unzip -Z1 "$folder/object"
  [[ $output != *BusyBox* ]] || die "$EXIT_NOT_FOUND" "BATCH_FILE_TYPE=zip needs Info-ZIP's unzip in the image: BusyBox's cannot list names alone"
  ((status == 0)) || die "$EXIT_DATA" "$url is not a zip archive: ${output//$'\n'/ }"
  while IFS= read -r name; do
    [[ /${name//\\//}/ != *//* && /${name//\\//}/ != */../* ]] && continue
    [[ $name == */ && /$name != *//* && /$name != */../* ]] && continue
    die "$EXIT_DATA" "$url has an entry outside its folder: $name"
  done <<<"${output%$'\n'}"
  capture 0 unzip -q -o "$folder/object" -d "$folder/files"
  ((status <= 1)) || unpacking_failed # 1: warnings only
}

unpack_tar() {
  type -P tar >/dev/null || die "$EXIT_NOT_FOUND" 'BATCH_FILE_TYPE=tar needs tar in the image'
  settings=(LC_ALL=C TAR_OPTIONS='')
  # tar makes links that lead out only after everything else, and says what it had to strip from names and targets.
  local magic decompress=()
  LC_ALL=C IFS= read -r -n 2 magic <"$folder/object"
  [[ $magic != $'\x1f\x8b' ]] || decompress=(-z) # GNU tar needs no telling, BusyBox's does
  capture 0 tar -x "${decompress[@]}" -f "$folder/object" -C "$folder/files" --no-same-owner --no-same-permissions
  [[ ${output,,} != *'removing leading'* ]] ||
    die "$EXIT_DATA" "$url has an entry or a link outside its folder: ${output//$'\n'/ }"
  ((status == 0)) || unpacking_failed
}

unpacking_failed() {
  ! disk_is_full "$output" || die "$EXIT_UNAVAILABLE" "no space left in TMPDIR '${TMPDIR:-/tmp}' to unpack $url"
  die "$EXIT_DATA" "$url could not be unpacked as $type: ${output//$'\n'/ }"
}

# Folders and files alone, and links that stay inside. A folder that cannot be listed could hide one that does not.
check_contents() {
  local entry links=() resolved root
  shopt -s globstar dotglob nullglob
  for entry in "$folder/files" "$folder"/files/**; do
    if [[ -L $entry ]]; then
      links+=("$entry")
    elif [[ ! -f $entry && ! -d $entry ]]; then
      die "$EXIT_DATA" "$url has an entry that is neither file, folder nor link: ${entry#"$folder/files/"}"
    elif [[ -d $entry && ! (-r $entry && -x $entry) ]]; then
      die "$EXIT_DATA" "$url has a folder whose mode lets nobody look into it: .${entry#"$folder/files"}"
    fi
  done
  shopt -u globstar dotglob nullglob
  while ((${#links[@]} > 0)); do
    capture 0 realpath -m -- "$folder/files" "${links[@]:0:500}"
    ((status == 0)) || die "$EXIT_NOT_FOUND" "the links of an archive need realpath of coreutils in the image: ${output//$'\n'/ }"
    root=${output%%$'\n'*}
    while IFS= read -r resolved; do
      [[ $resolved == "$root" || $resolved == "$root"/* ]] ||
        die "$EXIT_DATA" "$url has a link that leads outside its folder, to $resolved"
    done <<<"${output%$'\n'}"
    links=("${links[@]:500}")
  done
}

unpack() { # FILE_INSIDE
  capture 0 mkdir -- "$folder/files"
  "unpack_$type"
  settings=()
  check_contents
  [[ $1 != /* && /$1/ != */../* ]] || die "$EXIT_DATA" "'$1' is not a path inside $url"
  [[ -f $folder/files/$1 ]] || die "$EXIT_DATA" "there is no file '$1' in $url"
}

# --- running ---------------------------------------------------------------------------------------------------------

# Sets `interpreter` to what must run a file without `#!`; says what is wrong before the kernel does so in fewer words.
check_runnable() { # FILE
  local chunk='' line word rest binary=''
  interpreter=()
  capture 0 chmod u+rwx -- "$1"
  [[ -x $1 ]] || die "$EXIT_NOT_EXECUTABLE" \
    "programs cannot be run from TMPDIR '${TMPDIR:-/tmp}': it is mounted noexec. Set TMPDIR to a folder where they can"
  LC_ALL=C IFS= read -r -d '' -n 256 chunk <"$1" && ((${#chunk} < 256)) && binary=yes
  if [[ $chunk == $'\x7fELF'* ]]; then
    check_architecture "$1"
    check_loader "$1"
    return 0
  elif [[ $chunk != '#!'* ]]; then
    [[ -z $binary ]] || die "$EXIT_NOT_EXECUTABLE" 'the file to run is binary data: neither a script nor a program for Linux'
    interpreter=("$BASH")
    return 0
  fi
  line=${chunk%%$'\n'*}
  [[ $line != *$'\r' ]] || die "$EXIT_NOT_EXECUTABLE" \
    "the #! line of the script ends in CRLF (Windows line ends): '${line%$'\r'}'. Save it with LF line ends"
  read -r word rest <<<"${line#\#!}"
  if [[ -z $word ]]; then
    interpreter=("$BASH")
  elif [[ ! -e $word ]]; then
    die "$EXIT_NOT_FOUND" "the interpreter of the script is not in this image: $word"
  elif [[ ! -f $word || ! -x $word ]]; then
    die "$EXIT_NOT_EXECUTABLE" "the interpreter of the script is not a program: $word"
  elif [[ $word == */env && $rest =~ ^[A-Za-z0-9._+-]+$ && $rest != -* ]]; then
    type -P -- "$rest" >/dev/null || die "$EXIT_NOT_FOUND" "the interpreter of the script is not on PATH: $rest"
  fi
}

# A program for another machine, unless the kernel was told how to run foreign programs.
check_architecture() { # FILE
  local machine own_machine foreign=(/proc/sys/fs/binfmt_misc/[!rs]*)
  elf_machine "$1" machine
  elf_machine "$BASH" own_machine
  [[ $machine == "$own_machine" || -e ${foreign[0]} || $machine$own_machine == $'\x03>' ]] ||
    die "$EXIT_NOT_EXECUTABLE" "the program is for another architecture: this machine is $HOSTTYPE"
}

# A program names its loader near its beginning. Where that is missing the kernel says that the program is.
check_loader() { # FILE
  local LC_ALL=C text texts=()
  mapfile -d '' -t -n 4096 texts <"$1"
  for text in "${texts[@]}"; do
    [[ $text =~ ^/[[:graph:]]*/ld[^/]*\.so[^/]*$ ]] || continue
    [[ -e $text ]] || die "$EXIT_NOT_FOUND" \
      "the loader of the program is not in this image: $text. Link the program statically, or use an image like the one it was built in"
    return 0
  done
}

elf_machine() { # FILE RESULT: its two bytes, as characters; a zero byte is an empty one
  local LC_ALL=C byte found='' position
  for position in {0..19}; do
    IFS= read -r -d '' -n 1 byte || [[ -z $byte ]] || break
    ((position < 18)) || found+=$byte
  done <"$1"
  printf -v "$2" '%s' "$found"
}

# What bash changed or added goes back to what the runner was given. Only the job's own process calls this.
restore_environment() {
  local _far_entry _far_name
  ((${#given_environment[@]} > 0)) || return 0
  export -n PWD OLDPWD SHLVL
  for _far_entry in "${given_environment[@]}"; do
    _far_name=${_far_entry%%=*}
    [[ $_far_name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue # not for bash to name: it passes them on untouched
    [[ $_far_name == PWD && $type != script ]] && _far_entry=PWD=$PWD
    [[ ${!_far_name-} == "${_far_entry#*=}" && ${!_far_name@a} == x ]] && continue
    unset -v "$_far_name"
    declare -gx "$_far_entry"
  done
} 2>/dev/null

# The job gets its own process group, the runner's stdin, stdout and stderr, and the traps' defaults.
start() { # FILE [ARGUMENT]...
  last_background=${!:-}
  set -m
  (
    [[ $type == script ]] || cd -- "$folder/files" || exit "$EXIT_NOT_EXECUTABLE"
    restore_environment
    exec -- "$@"
  ) &
  job=$!
  set +m
}

# A signal ends `wait` too, so the job has ended when its process is gone; its code is then for another `wait` to tell,
# unless bash forgot the job (end_children says how): then it is 128 and the signal's number. What bash itself says of
# a job that a signal ended is not needed.
wait_for_job() {
  while
    wait "$job"
    status=$?
    ((status > 128)) && [[ -d /proc/$job ]]
  do :; done
  ((status > 128)) || return 0
  jobs -rp >"$folder/output"
  [[ -s $folder/output ]] && return 0
  wait "$job"
  status=$?
} 2>/dev/null

main() { # LABEL [ARGUMENT]...
  now_milliseconds
  started=$now
  read_request "$@"
  find_client
  make_folder
  fetch
  verify
  if [[ $type == script ]]; then
    file=$folder/object
  else
    unpack "$1"
    file=$folder/files/$1
  fi
  check_runnable "$file"
  (($# == 0)) || shift
  now_milliseconds
  say "running $url version=${version:-current} sha256=${digest:-not-computed} bytes=$bytes attempts=$attempt milliseconds=$((now - started))"
  start "${interpreter[@]}" "$file" "$@"
  wait_for_job
  exit "$status"
}

mapfile -d '' -t given_environment </proc/self/environ
for name in "${!SIGNALS[@]}"; do
  # shellcheck disable=SC2064 # the name of this turn
  trap "on_signal $name" "$name"
done
trap clean_up EXIT
main "$@"
