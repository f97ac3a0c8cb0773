# GStreamer's RTSP server with a test picture.
packages="gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base python3-gi"
tier=full
services="rtsp:8554"
start() {
	exec /usr/bin/python3 - "$port" <<-END
		import sys
		import gi
		gi.require_version("Gst", "1.0")
		gi.require_version("GstRtspServer", "1.0")
		from gi.repository import GLib, Gst, GstRtspServer
		Gst.init(None)
		server = GstRtspServer.RTSPServer(address="::", service=sys.argv[1])
		factory = GstRtspServer.RTSPMediaFactory()
		factory.set_launch("( videotestsrc ! rtpvrawpay name=pay0 )")
		server.get_mount_points().add_factory("/lab", factory)
		server.attach(None)
		GLib.MainLoop().run()
	END
}
