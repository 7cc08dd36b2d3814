/* What a chain of cells means, where that is hot; _core/cells.py tells it, and has the rest.
 *
 *     context variable ─► cell ─► cell ─► …
 *                                previous
 *
 * Used by var.c and bind.c. Python twin: _core/cells.py.
 */
#include "cell.h"

static int
is_empty(Cell *cell)
{
    int empty;
    Py_BEGIN_CRITICAL_SECTION(cell);
    empty = cell_contents(cell).value == NULL;
    Py_END_CRITICAL_SECTION();
    return empty;
}

/* The first live cell of the chain, and its value if that is asked for. A cell that a
 * bind holds, and whose previous cell is empty, does not count as empty itself: see
 * live(). */
static Cell *
find_live(Cell *cell, PyObject **found)
{
    cell = (Cell *)Py_XNewRef((PyObject *)cell);
    while (cell != NULL) {
        Contents has = cell_load(cell);
        if (has.value != NULL && (has.bind != NULL || has.previous == NULL ||
                                  !is_empty(has.previous))) {
            if (found != NULL) {
                *found = Py_NewRef(has.value);
            }
            contents_drop(has);
            return cell;
        }
        Py_DECREF((PyObject *)cell);
        cell = (Cell *)Py_XNewRef((PyObject *)has.previous);
        contents_drop(has);
    }
    return NULL;
}

Cell *
cell_live(Cell *cell)
{
    return find_live(cell, NULL);
}

PyObject *
cell_read_chain(Cell *cell)
{
    PyObject *value = NULL;
    Py_XDECREF((PyObject *)find_live(cell, &value));
    return value;
}

Cell *
cell_enclosing_bind(Cell *cell)
{
    cell = (Cell *)Py_XNewRef((PyObject *)cell);
    while (cell != NULL) {
        Contents has = cell_load(cell);
        int found = has.bind != NULL && has.value != NULL;
        Cell *next = found ? cell : (Cell *)Py_XNewRef((PyObject *)has.previous);
        contents_drop(has);
        if (found) {
            return cell;
        }
        Py_DECREF((PyObject *)cell);
        cell = next;
    }
    return NULL;
}

Cell *
cell_shortened(Cell *cell)
{
    cell = cell_live(cell);
    if (cell == NULL) {
        return NULL;
    }
    Contents has = cell_load(cell);
    if (has.bind != NULL && has.previous != NULL) {
        Cell *below = cell_live(has.previous);
        if (below == has.previous || !cell_put_below(cell, below)) {
            Py_XDECREF((PyObject *)below);
        }
    }
    contents_drop(has);
    return cell;
}

void
cell_withdraw(Cell *cell)
{
    Contents has = cell_load(cell);
    /* previous is held by the cell or by us until its live part has been found. */
    cell_empty_out(cell, cell_live(has.previous));
    contents_drop(has);
}
