/* What differs between the versions of CPython from 3.11 on, and its builds. */
#ifndef INSCOPE_COMPAT_H
#define INSCOPE_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stddef.h>

/* Which way to lay out for speed. */
#ifdef __GNUC__
#define LIKELY(condition) __builtin_expect((condition) != 0, 1)
#else
#define LIKELY(condition) (condition)
#endif

#if PY_VERSION_HEX < 0x030C0000
#include <structmember.h>

#define Py_T_OBJECT_EX T_OBJECT_EX
#define Py_T_PYSSIZET T_PYSSIZET
#define Py_READONLY READONLY

static inline PyObject *
PyErr_GetRaisedException(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (type == NULL) {
        return NULL;
    }
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
    }
    Py_DECREF(type);
    Py_XDECREF(traceback);
    return value;
}

/* Steals the reference to error, as the real one does. */
static inline void
PyErr_SetRaisedException(PyObject *error)
{
    PyErr_Restore(Py_NewRef(Py_TYPE(error)), error, PyException_GetTraceback(error));
}
#endif

#if PY_VERSION_HEX < 0x030D0000
/* As from 3.13 on: a strong reference, and 1, 0 or -1. */
static inline int
PyDict_GetItemRef(PyObject *dict, PyObject *key, PyObject **result)
{
    *result = Py_XNewRef(PyDict_GetItemWithError(dict, key));
    if (*result != NULL) {
        return 1;
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* As from 3.13 on: a strong reference, and 1, 0 or -1. */
static inline int
PyObject_GetOptionalAttr(PyObject *object, PyObject *name, PyObject **result)
{
    return _PyObject_LookupAttr(object, name, result);
}

/* As from 3.13 on: what is referred to, a strong reference, and 1, 0 or -1. */
static inline int
PyWeakref_GetRef(PyObject *reference, PyObject **object)
{
    *object = PyWeakref_GetObject(reference); /* Borrowed; NULL with an error. */
    if (*object == NULL) {
        return -1;
    }
    if (*object == Py_None) {
        *object = NULL;
        return 0;
    }
    Py_INCREF(*object);
    return 1;
}

/* As from 3.13 on: the attribute of a type that Python takes for a special method, a
 * strong reference; NULL, without an error, if there is none. */
static inline PyObject *
_PyType_LookupRef(PyTypeObject *type, PyObject *name)
{
    return Py_XNewRef(_PyType_Lookup(type, name));
}

/* With the GIL, nothing runs between two lines of C that do not ask for it. */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

#endif
