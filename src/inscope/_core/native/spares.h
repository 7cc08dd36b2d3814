/* Objects of one type that were given back, kept to be given out again.
 *
 * Each bind makes a cell and a VarBind, each push a StackView, dropped soon after: to ask
 * for their memory anew each time would be a seventh of what a bind takes. Only
 * with the GIL, under which nobody else takes from the list between two of its lines;
 * and not where AddressSanitizer looks for the use of what was given back.
 */
#ifndef INSCOPE_SPARES_H
#define INSCOPE_SPARES_H

#include "state.h"

#if defined(Py_GIL_DISABLED) || defined(__SANITIZE_ADDRESS__)

static inline PyObject *
spares_take(Spares *Py_UNUSED(spares), PyTypeObject *type)
{
    return (PyObject *)_PyObject_GC_New(type);
}

static inline void
spares_give(Spares *Py_UNUSED(spares), PyObject *object)
{
    PyObject_GC_Del(object);
}

#else

enum { MOST_SPARES = 16 };

/* Where a spare object, whose fields mean nothing, keeps the next one. */
static inline PyObject **
spares_next(PyObject *object)
{
    return (PyObject **)(object + 1);
}

/* An object with a reference count of one, its fields not set, and not tracked; NULL
 * with an error if there is no memory. */
static inline PyObject *
spares_take(Spares *spares, PyTypeObject *type)
{
    PyObject *object = spares->first;
    if (object == NULL) {
        return (PyObject *)_PyObject_GC_New(type);
    }
    spares->first = *spares_next(object);
    spares->count--;
    return PyObject_Init(object, type);
}

/* Take the memory of an object whose fields have been cleared, and that nobody tracks.
 * The list of a module that is gone, NULL, takes none. */
static inline void
spares_give(Spares *spares, PyObject *object)
{
    if (spares == NULL || spares->count >= MOST_SPARES) {
        PyObject_GC_Del(object);
        return;
    }
    *spares_next(object) = spares->first;
    spares->first = object;
    spares->count++;
}

#endif

/* The state of the module that made the type of an object; NULL once the interpreter
 * has taken that type apart. */
static inline State *
state_of_made(PyObject *object)
{
    PyObject *module = ((PyHeapTypeObject *)Py_TYPE(object))->ht_module;
    return module == NULL ? NULL : PyModule_GetState(module);
}

static inline void
spares_drop(Spares *spares)
{
    while (spares->first != NULL) {
        PyObject *object = spares->first;
        spares->first = *(PyObject **)(object + 1);
        PyObject_GC_Del(object);
    }
}

#endif
