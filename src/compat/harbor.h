/* harbor.h -- messages that leave the node, through the harbor service. */
#ifndef SK_COMPAT_HARBOR_H
#define SK_COMPAT_HARBOR_H

#include "actor/node.h"

typedef struct {
    uint32_t source;
    int session;
    uint32_t handle;  /* 0: by name */
    const char *name; /* at most SK_GLOBAL_NAME_LEN_MAX bytes */
    int type;         /* without tags */
    void *data;
    size_t size;
    bool take; /* data is a malloc block and now the harbor's in every outcome; else it is copied */
} sk_harbor_letter;

/* Any thread. 0: the harbor service has it, and answers the source itself if it cannot deliver.
 * SK_EREMOTE: there is no harbor service (logged). */
int sk_harbor_post(sk_node *node, const sk_harbor_letter *letter);

#endif
