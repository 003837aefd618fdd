#!/usr/bin/env bash
# Counts prime numbers for some seconds and says how far it came, a line a second.
# Usage: hello.sh [SECONDS, 5 if not given]
set -euo pipefail

seconds=${1:-5}
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "hello.sh: SECONDS is a whole number above 0; '$seconds' was given" >&2
  exit 2
fi

is_prime() {
  local number=$1 divisor
  for ((divisor = 3; divisor * divisor <= number; divisor += 2)); do
    ((number % divisor)) || return 1
  done
}

microseconds() { # sets `now`; the decimal point is the locale's
  now=${EPOCHREALTIME/[.,]/}
}

echo "job ${AWS_BATCH_JOB_ID:-none}, attempt ${AWS_BATCH_JOB_ATTEMPT:-none}: counting primes for $seconds s"
microseconds
started=$now
said=0
count=1 # 2 is the only even one
largest=2
for ((candidate = 3; said < seconds; candidate += 2)); do
  if is_prime "$candidate"; then
    count=$((count + 1))
    largest=$candidate
  fi
  microseconds
  passed=$(((now - started) / 1000000))
  if ((passed > said)); then
    said=$passed
    echo "$said s: $count primes up to $candidate"
  fi
done
echo "done: $count primes, the largest is $largest"
