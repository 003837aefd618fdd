# shellcheck shell=bash disable=SC2154  # user_data.py writes the line that sets $scratch above this text
# Puts scratch and Docker's images on the instance's NVMe disks, striped into one volume: a boot hook, so it runs at
# every boot, before Docker starts. What fails leaves both on the root disk, and says so: exit code 1, and a line in
# the console output, the journal and /var/log/cloud-init-output.log.
set -uo pipefail

label=batchyard
array=/dev/md/batchyard
store=/mnt/instance-store
docker=/var/lib/docker

say() { echo "batchyard instance store: $*" >&2; }
give_up() {
    say "$*; scratch and Docker stay on the root disk"
    exit 1
}

images_stay() {
    say "$*; scratch is on ${device}, Docker's images stay on the root disk"
    exit 1
}

disks() {
    local name model
    lsblk --nodeps --noheadings --paths --output NAME,MODEL | while read -r name model; do
        [[ $model != "Amazon EC2 NVMe Instance Storage"* ]] || echo "$name"
    done
}

# Prints the volume that the disks make: the one disk, or an array of them all.
stripe() {
    if (($# == 1)); then
        echo "$1"
        return
    fi
    # The ECS-optimized image is built on the minimal Amazon Linux 2023, which has no mdadm.
    command -v mdadm >/dev/null || dnf install --assumeyes --quiet mdadm >&2 || return
    mdadm --create "$array" --run --level=0 --homehost=any --raid-devices="$#" "$@" >&2 && echo "$array"
}

# Prints the volume: that of an earlier boot, or a new one with an empty file system.
volume() {
    local made found
    if found=$(blkid --label "$label"); then
        echo "$found"
        return
    fi
    made=$(stripe "$@") || return
    mkfs.xfs -f -L "$label" "$made" >&2 && echo "$made"
}

mapfile -t found < <(disks)
((${#found[@]})) || give_up "this instance has no NVMe instance store disks"
device=$(volume "${found[@]}") || give_up "no file system could be made on ${found[*]}"
mkdir -p "$store" "$scratch" "$docker" || give_up "no folders to mount ${device} at"
mount -o noatime "$device" "$store" || give_up "${device} could not be mounted"

if ! { mkdir -p "$store/scratch" && mount --bind "$store/scratch" "$scratch" && chmod 1777 "$scratch"; }; then
    give_up "${scratch} could not be put on ${device}"
fi
if systemctl is-active --quiet docker; then
    images_stay "Docker runs already"
fi
# What the machine image brought along comes along, once and whole.
if [[ ! -d $store/docker ]]; then
    rm -rf "$store/copied"
    { cp --archive "$docker" "$store/copied" && mv "$store/copied" "$store/docker"; } ||
        images_stay "${docker} could not be copied"
fi
mount --bind "$store/docker" "$docker" || images_stay "${docker} could not be put on ${device}"
say "scratch and Docker are on ${device}, made of ${found[*]}"
