# DCMTK's receiver of medical images.
packages="dcmtk"
tier=full
services="dicom:104,v4"
start() {
	exec storescp --output-directory "$dir" "$port"
}
