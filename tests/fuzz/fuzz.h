#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Defined by each fuzz_NAME.c: gives one input, from a stranger, to the parser under test. Returns 0;
 * a wrong parser crashes, trips a sanitizer or fails an assertion. bytes may be NULL when len is 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#endif
