// A fuzz target: one function over bytes that must neither crash nor leak, and inputs to start from.
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
// Inputs that the driver mutates. Optional.
extern const struct str fuzz_seeds[] __attribute__((weak));
extern const size_t fuzz_seeds_len __attribute__((weak));

#endif
