/* err.h -- the one failure convention: 0, or a negative code from this table.
 *
 * System calls report -errno through sk_err_from_errno, so that a code is always one of these or
 * a negated errno; sk_err_text names both. */
#ifndef SK_BASE_ERR_H
#define SK_BASE_ERR_H

#define SK_ERR_TABLE(X)                                                                            \
    X(SK_ENOENT, -10001, "no such service")                                                        \
    X(SK_ENAME, -10002, "no such name")                                                            \
    X(SK_EEXIST, -10003, "already exists")                                                         \
    X(SK_ETOOBIG, -10004, "too large")                                                             \
    X(SK_EINVAL, -10005, "invalid argument")                                                       \
    X(SK_ECLOSED, -10006, "closed")                                                                \
    X(SK_EAGAIN, -10007, "try again")                                                              \
    X(SK_ELIMIT, -10008, "limit reached")                                                          \
    X(SK_EDEADLINE, -10009, "deadline exceeded")                                                   \
    X(SK_ESTATE, -10010, "not possible in this state")                                             \
    X(SK_EFORMAT, -10011, "malformed data")                                                        \
    X(SK_EREMOTE, -10012, "no route to another node")

enum {
#define SK_ERR_ENUM(name, value, text) name = value,
    SK_ERR_TABLE(SK_ERR_ENUM)
#undef SK_ERR_ENUM
};

/* Any thread. The text of a negative code; never NULL, static storage. */
const char *sk_err_text(int err);

/* Any thread. The current errno as a negative code. */
int sk_err_from_errno(void);

#endif
