#ifndef OUT_RECORD_RECALL_H
#define OUT_RECORD_RECALL_H

#include "out/record.h"

/* JSON records of which parts came before: many servers say the same, byte for byte, and what the fields of an
 * answer or of a verdict look like as text need not be found out again. Bounded memory (about 170 KB), touched
 * as used. One thread. Opaque. */
struct record_recall;

/* For records with the fields of list (copied). Returns 0 or -ENOMEM; the caller owns *out. */
int record_recall_create(const struct field_list *list, struct record_recall **out)
    __attribute__((warn_unused_result));
void record_recall_destroy(struct record_recall *recall);

/* Writes what record_put_json() writes. The names that verdicts and views point to must stay as they are while
 * recall lives: two with one address are taken to be one. O(bytes written). */
void record_recall_put_json(
    struct record_recall *recall, struct text *t, const struct record_view *view);

#endif
