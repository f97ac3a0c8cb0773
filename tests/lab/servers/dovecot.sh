# Dovecot: imap and pop3, both inside TLS as well, lmtp and ManageSieve.
packages="dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-managesieved"
tier=core
services="imap:143,greets pop3:110,greets tls/imap:993 tls/pop3:995 lmtp:24,greets sieve:4190,greets"
start() {
	cat >"$dir/dovecot.conf" <<-END
		base_dir = $dir/base
		state_dir = $dir/state
		protocols = imap pop3 lmtp sieve
		listen = *, ::
		log_path = /dev/stderr
		ssl = yes
		ssl_cert = <$keys/cert.pem
		ssl_key = <$keys/key.pem
		passdb {
		  driver = static
		  args = password=lab
		}
		userdb {
		  driver = static
		  args = uid=nobody gid=nogroup home=$dir/mail
		}
		service imap-login {
		  inet_listener imap {
		    port = $port
		  }
		  inet_listener imaps {
		    port = $port3
		    ssl = yes
		  }
		}
		service pop3-login {
		  inet_listener pop3 {
		    port = $port2
		  }
		  inet_listener pop3s {
		    port = $port4
		    ssl = yes
		  }
		}
		service lmtp {
		  inet_listener lmtp {
		    port = $port5
		  }
		}
		service managesieve-login {
		  inet_listener sieve {
		    port = $port6
		  }
		}
	END
	exec dovecot -F -c "$dir/dovecot.conf"
}
