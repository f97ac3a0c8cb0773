/* main: options -> open -> drop privileges -> run -> exit code; wiring only. */
#include <stdio.h>

int main(void)
{
	fprintf(stderr, "synspect: no command\n");
	return 2;
}
