/* A scope, and the slot in which the innermost one is found. */
#ifndef INSCOPE_SCOPE_H
#define INSCOPE_SCOPE_H

#include "state.h"

/* The states of a scope, in the order of inscope/_core/lifetime.py. */
enum { NEW, ACTIVE, CLOSING, CLOSED };

/* Where and when something was done; without a code, outside of Python. */
typedef struct {
    PyObject *code; /* Owned, or NULL. */
    double time;    /* In seconds, as time.monotonic(); 0 for never. */
    int offset;     /* Of the instruction in code. */
} Moment;

typedef struct {
    PyObject_HEAD
    State *state;       /* Borrowed: lives as long as the type does. */
    PyObject *token;    /* Owned: of the slot's variable; NULL unless open. */
    PyObject *home;     /* The Context that token is of, and holds. */
    PyObject *exits;    /* Owned: the list of steps that close it, or NULL. */
    PyObject *holds;    /* Owned: who keeps it open, or NULL. */
    PyObject *values;   /* Owned: the dict of its resources, or NULL. */
    PyObject *weakrefs; /* Owned by the interpreter. */
    Moment opened;
    Moment closed;
    Py_ssize_t count;  /* How often it was entered again. */
    Py_ssize_t serial; /* See Scope.ident. */
    char life;         /* NEW … CLOSED, see scope.c. */
    char is_async;
    char is_fork;
    char refuses; /* Proxies must not find it. */
} BareScope;

typedef struct {
    PyObject_HEAD
    PyObject *scopes;   /* Owned: the ContextVar that holds the scopes; or NULL. */
    PyObject *name;     /* Owned, or NULL. */
    State *state;       /* Borrowed: lives as long as the type does. */
    PyObject *weakrefs; /* Owned by the interpreter. */
} ScopeSlot;

/* The innermost scope, a strong reference; NULL, with an error only if something
 * failed. */
BareScope *slot_innermost(ScopeSlot *slot);

/* The same, for a proxy: a closed one is an error. */
PyObject *slot_find(PyObject *slot);

/* After setting or resetting its variable has failed: let around, or nothing, be there
 * all the same. The second tells by -1 that the error stands. */
void slot_undo_set(ScopeSlot *slot, BareScope *around);
int slot_reset_again(ScopeSlot *slot, PyObject *token);

/* Open and close it here. Both take the reference to code; -1 with an error. */
int scope_open(PyObject *scope, PyObject *code, int offset);
int scope_close(PyObject *scope, PyObject *error, PyObject *code, int offset);

/* scope_fields.c: the code of a place, (code, offset) or None; a strong reference. -1
 * with an error. */
int place_parse(PyObject *place, PyObject **code, int *offset);

/* scope_fields.c: note when, and where. Takes the reference to code. */
void moment_note(PyObject *scope, Moment *moment, PyObject *code, int offset);
extern PyGetSetDef scope_fields[];

/* The Context of this thread, borrowed; NULL if it has none yet. */
static inline PyObject *
context_here(void)
{
    return PyThreadState_Get()->context;
}

int scope_check(PyObject *object);
int scope_add_types(PyObject *module, State *state);
int slot_add_types(PyObject *module, State *state);

#endif
