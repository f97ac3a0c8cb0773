# embed.awk: signature files and the confidence table into sig_builtin.c, on standard output.
# usage: awk -f embed.awk FILE.sig... confidence.tsv
# Plain POSIX awk. Each line becomes one C string literal; bytes that C would read otherwise are
# escaped. The files are text; a file that is not comes out as a compiler's error.
function base(path,    n, part) {
	n = split(path, part, "/")
	return part[n]
}
function finish() {
	if (current != "")
		print "    ;"
}
BEGIN {
	print "/* Made by embed.awk from defs/ and confidence.tsv: edit those. */"
	print "#include \"sig/model.h\""
	print ""
}
FNR == 1 {
	finish()
	current = base(FILENAME)
	n_files++
	name[n_files] = current
	printf "static const char text_%d[] =\n", n_files
}
{
	line = $0
	gsub(/\\/, "&&", line)
	gsub(/["?]/, "\\\\&", line)
	gsub(/\t/, "\\t", line)
	printf "    \"%s\\n\"\n", line
}
END {
	finish()
	print ""
	print "const struct sig_builtin_file sig_builtin_files[] = {"
	for (i = 1; i <= n_files; i++)
		if (name[i] ~ /\.sig$/)
			printf "    {\"%s\", text_%d, sizeof(text_%d) - 1},\n", name[i], i, i
	print "    {NULL, NULL, 0},"
	print "};"
	print ""
	for (i = 1; i <= n_files; i++)
		if (name[i] == "confidence.tsv")
			printf "const struct sig_builtin_file sig_builtin_confidence = {\"%s\", text_%d, sizeof(text_%d) - 1};\n", name[i], i, i
}
