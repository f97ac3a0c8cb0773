#ifndef BASE_CPU_H
#define BASE_CPU_H

/* Which vectors this processor has: for the few loops that exist in several versions, all with the same
 * results. Later ones have what earlier ones have. */
enum cpu_level {
	CPU_PLAIN,
	CPU_AVX2,
	CPU_AVX512, /* F, DQ and VL: rotations, and products of 64 bits */
};

/* Any thread; a few instructions. */
enum cpu_level cpu_get_level(void);

/* Pretends from now on that there is no more than most: tests run every version. Before threads start. */
void cpu_limit_level(enum cpu_level most);

#endif
