# Samba: SMB directly and over a NetBIOS session.
packages="samba"
tier=core
services="smb:445 smb:139"
start() {
	mkdir -p "$dir/samba/ncalrpc"
	cat >"$dir/smb.conf" <<-END
		[global]
		server role = standalone server
		private dir = $dir/samba
		lock directory = $dir/samba
		state directory = $dir/samba
		cache directory = $dir/samba
		pid directory = $dir/samba
		ncalrpc dir = $dir/samba/ncalrpc
		log file = $dir/log
		disable spoolss = yes
		load printers = no
		smb ports = $port $port2
	END
	exec smbd -F --no-process-group -s "$dir/smb.conf"
}
