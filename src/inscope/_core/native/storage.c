/* What BareLocal and BareStack have in common: they have a storage, which __init__ of
 * _core/local.py and _core/stack.py gives them. */
#include "storage.h"

#include "fields.h"

PyObject *
stored_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    State *state = state_of_type(type);
    PyObject *self = state == NULL ? NULL : type->tp_alloc(type, 0);
    if (self != NULL) {
        ((Stored *)self)->state = state;
    }
    return self;
}

int
stored_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Stored *)self)->storage);
    return 0;
}

int
stored_clear(PyObject *self)
{
    Py_CLEAR(((Stored *)self)->storage);
    return 0;
}

void
stored_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((Stored *)self)->weakrefs != NULL) {
        PyObject_ClearWeakRefs(self);
    }
    stored_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject *
stored_get_storage(PyObject *self, void *Py_UNUSED(closure))
{
    return storage_of((Stored *)self);
}

int
stored_set_storage(PyObject *self, PyObject *storage, void *Py_UNUSED(closure))
{
    return field_set(self, &((Stored *)self)->storage, storage, NULL);
}

PyObject *
stored_get_plain(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(((Stored *)self)->plain);
}

int
stored_set_plain(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "whether the storage is plain stays");
        return -1;
    }
    int plain = PyObject_IsTrue(value);
    if (plain >= 0) {
        ((Stored *)self)->plain = (char)plain;
    }
    return plain < 0 ? -1 : 0;
}

PyMemberDef stored_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(Stored, weakrefs), Py_READONLY, NULL},
    {NULL},
};
