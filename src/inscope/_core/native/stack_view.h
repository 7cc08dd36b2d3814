/* The cells that a LocalStack is made of. */
#ifndef INSCOPE_STACK_VIEW_H
#define INSCOPE_STACK_VIEW_H

#include "state.h"

/* A cell of the stack, and the view of the stack from there down. Contexts share
 * cells: the fields are read and written in a critical section of the cell. */
typedef struct StackView {
    PyObject_HEAD
    PyObject *item;          /* Owned. NULL once withdrawn; EMPTY in Python. */
    struct StackView *below; /* Owned. NULL at the bottom only. */
    PyObject *bind;          /* Owned: the open bind that pushed it, or NULL. */
    PyObject *weakrefs;      /* Owned by the interpreter. */
} StackView;

void view_dealloc(PyObject *self);

static inline int
view_check(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == view_dealloc;
}

/* A new reference. */
StackView *view_new(State *state, PyObject *item, StackView *below, PyObject *bind);

/* From view, whose reference is taken, to the first cell with an item, or the bottom;
 * its item, or NULL, goes to *item. */
StackView *view_full(StackView *view, PyObject **item);

/* make_stack_view(View) -> StackView, which derives from it, and the bottom cell. */
PyObject *view_make_type(PyObject *module, PyObject *view);

#endif
