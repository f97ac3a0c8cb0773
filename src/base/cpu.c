/* cpu: what the processor can do. Any thread. */
#include "base/cpu.h"

static enum cpu_level most_level = CPU_AVX512;

static enum cpu_level find_level(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl"))
		return CPU_AVX512;
	if (__builtin_cpu_supports("avx2"))
		return CPU_AVX2;
#endif
	return CPU_PLAIN;
}

enum cpu_level cpu_get_level(void)
{
	enum cpu_level level = find_level();
	return level < most_level ? level : most_level;
}

void cpu_limit_level(enum cpu_level most)
{
	most_level = most;
}
