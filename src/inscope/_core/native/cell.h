/* The cell that values lie in; _core/cells.py says what a chain of them means. */
#ifndef INSCOPE_CELL_H
#define INSCOPE_CELL_H

#include "state.h"

/* Contexts share cells, and with them threads do: the fields are read and written
 * in a critical section of the cell. Python twin: python/cell.py. */
typedef struct {
    PyObject_HEAD
    PyObject *value; /* Owned. NULL once withdrawn; EMPTY in Python. */
} Cell;

/* What a bind makes, and a set of a value that the collector follows. Contexts keep these
 * for long after the bind has ended, so it has one field: a reference, whose two lowest
 * bits say to what. */
typedef struct {
    PyObject_HEAD
    uintptr_t held;
} TracedCell;

enum {
    VALUE = 0, /* The value, or NULL: no bind of it is open. */
    OPEN = 1,  /* The open bind, which has the value and the previous cell. */
    BELOW = 2, /* The previous cell: it was withdrawn. */
    KINDS = 3, /* These bits. */
};

/* With what VarBind begins. Cells that copy its own one have a value and a previous cell
 * themselves. */
typedef struct {
    PyObject_HEAD
    PyObject *value; /* Owned; NULL before it is entered, and once it is left. */
    Cell *previous;  /* Owned, or NULL. */
} OpenBind;

/* What a set makes inside a bind, and a copy of a chain, and the binds of a Local. */
typedef struct {
    Cell cell;
    Cell *previous; /* Owned, or NULL. */
    PyObject *bind; /* Owned: the open bind that made it, or NULL. */
} LinkedCell;

void cell_dealloc(PyObject *self);
void traced_cell_dealloc(PyObject *self);
void linked_cell_dealloc(PyObject *self);

static inline int
traced_cell_check(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == traced_cell_dealloc;
}

static inline int
linked_cell_check(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == linked_cell_dealloc;
}

static inline int
cell_check(PyObject *object)
{
    return traced_cell_check(object) || Py_TYPE(object)->tp_dealloc == cell_dealloc ||
           linked_cell_check(object);
}

/* Making them */

/* For a bind, which is not open yet. */
Cell *cell_new_traced(State *state, PyObject *value);

/* Let it belong to bind, which is being entered, and its value, too; previous, whose
 * reference is taken, is below it. Nobody else has it yet. */
static inline void
cell_open(Cell *cell, OpenBind *bind, Cell *previous)
{
    TracedCell *traced = (TracedCell *)cell;
    bind->value = (PyObject *)traced->held;
    bind->previous = previous;
    traced->held = (uintptr_t)Py_NewRef((PyObject *)bind) | OPEN;
}

/* For a set: around is the cell of the bind around it, or NULL. */
Cell *cell_new(State *state, PyObject *value, Cell *around);

int cell_add_types(PyObject *module, State *state);

/* What one holds, of whatever kind it is. */
typedef struct {
    PyObject *value;
    Cell *previous;
    PyObject *bind;
} Contents;

/* Borrowed. Called in a critical section of the cell. */
static inline Contents
cell_contents(Cell *cell)
{
    if (traced_cell_check((PyObject *)cell)) {
        uintptr_t held = ((TracedCell *)cell)->held;
        if ((held & KINDS) == OPEN) {
            OpenBind *bind = (OpenBind *)(held - OPEN);
            return (Contents){bind->value, bind->previous, (PyObject *)bind};
        }
        if ((held & KINDS) == BELOW) {
            return (Contents){NULL, (Cell *)(held - BELOW), NULL};
        }
        return (Contents){(PyObject *)held, NULL, NULL};
    }
    if (linked_cell_check((PyObject *)cell)) {
        LinkedCell *linked = (LinkedCell *)cell;
        return (Contents){cell->value, linked->previous, linked->bind};
    }
    return (Contents){cell->value, NULL, NULL};
}

/* With a reference to each, for contents_drop(). */
Contents cell_load(Cell *cell);
void contents_drop(Contents contents);

/* Take the value away, and the bind, and let previous, whose reference is the cell's then,
 * be the one below. */
void cell_empty_out(Cell *cell, Cell *previous);

/* Let previous be the one below, if there is a place for it: 1, and its reference is the
 * cell's; else 0. */
int cell_put_below(Cell *cell, Cell *previous);

/* Let the cell, which is not plain, keep its value and nothing else: its bind has ended. */
void cell_release(Cell *cell);

/* chain.c: cells and what is below them. What is returned is a new reference. */

/* The first cell of the chain that has a value; NULL, without an error, if none. */
Cell *cell_live(Cell *cell);

/* The value of that cell; NULL, without an error, if there is none. */
PyObject *cell_read_chain(Cell *cell);

static inline PyObject *
cell_read(Cell *cell)
{
    PyObject *value = NULL;
    Py_BEGIN_CRITICAL_SECTION(cell);
    Contents has = cell_contents(cell);
    if (has.bind != NULL || has.previous == NULL) { /* nearly always */
        value = Py_XNewRef(has.value);
    }
    Py_END_CRITICAL_SECTION();
    return value == NULL ? cell_read_chain(cell) : value;
}

/* The first cell of the chain whose bind is open; NULL if there is none. */
Cell *cell_enclosing_bind(Cell *cell);

/* The first cell with a value, of which the empty ones below are skipped from now
 * on; NULL if there is none. */
Cell *cell_shortened(Cell *cell);

/* Empty the cell: whoever holds it reads through to the previous value. */
void cell_withdraw(Cell *cell);

/* Is this, borrowed or NULL, the one below the cell? */
static inline int
cell_is_above(Cell *cell, PyObject *previous)
{
    int is_above;
    Py_BEGIN_CRITICAL_SECTION(cell);
    is_above = (PyObject *)cell_contents(cell).previous == previous;
    Py_END_CRITICAL_SECTION();
    return is_above;
}

#endif
