# An iSCSI target with one small disk.
packages="tgt"
tier=full
services="iscsi:3260"
start() {
	starting
	local control=1
	[[ $dir != *.moved ]] || control=2
	truncate -s 1M "$dir/disk"
	tgtd -f -C "$control" --iscsi portal="[::]:$port" &
	await "control socket" tgtadm -C "$control" --lld iscsi --op show --mode target
	tgtadm -C "$control" --lld iscsi --op new --mode portal --param portal="0.0.0.0:$port"
	tgtadm -C "$control" --lld iscsi --op new --mode target --tid 1 -T iqn.2020-01.test.lab:disk
	tgtadm -C "$control" --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b "$dir/disk"
	tgtadm -C "$control" --lld iscsi --op bind --mode target --tid 1 -I ALL
	started
	wait
}
