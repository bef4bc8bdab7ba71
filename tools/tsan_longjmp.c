/* tsan_longjmp.c -- lets the thread checker see how Lua throws its errors.
 *
 * Debian builds Lua with _FORTIFY_SOURCE, which turns its longjmp into __longjmp_chk. The thread
 * checker does not know that function: it would believe that the frames an error jumped over are
 * still there, until its shadow stack is full. This one stands before libc's in builds with
 * SAN=thread only. */
#include <setjmp.h>

_Noreturn void __longjmp_chk(struct __jmp_buf_tag *env, int value);

__attribute__((visibility("default"))) _Noreturn void __longjmp_chk(struct __jmp_buf_tag *env,
                                                                    int value) {
    longjmp(env, value);
}
