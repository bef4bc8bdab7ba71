/* stub.c -- a library whose stub_module is something else. */
#include <stdint.h>

extern const uint32_t stub_module[16];
const uint32_t stub_module[16] = {1, 2, 3};
