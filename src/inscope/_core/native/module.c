/* The module: its state, how it begins and ends, and what Python hands it. */
#include "core.h"

static State *
state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

/* configure(metaclass, own, **helpers): called once by native/__init__.py. */
static PyObject *
configure(PyObject *module, PyObject *args, PyObject *kwargs)
{
    State *state = state_of(module);
    PyObject *metaclass, *own;
    if (!PyArg_ParseTuple(args, "O!O:configure", &PyType_Type, &metaclass, &own)) {
        return NULL;
    }
#define TAKE(name)                                                             \
    Py_XSETREF(state->name, Py_XNewRef(PyDict_GetItemString(kwargs, #name)));
    HELPERS(TAKE)
#undef TAKE
#define CHECK(name) +(state->name == NULL)
    if (0 HELPERS(CHECK)) {
        PyErr_SetString(PyExc_TypeError, "a helper is missing");
        return NULL;
    }
#undef CHECK
    Py_XSETREF(state->own, Py_NewRef(own));
    PyTypeObject *types[] = {state->bare_proxy, state->unclaimed, state->local_proxy};
    for (int index = 0; index < 3; index++) {
        /* PyType_FromMetaclass came with 3.12; the metaclass adds no fields. */
        Py_SET_TYPE(types[index], (PyTypeObject *)Py_NewRef(metaclass));
    }
    Py_RETURN_NONE;
}

static PyObject *
current(PyObject *Py_UNUSED(module), PyObject *proxy)
{
    if (!proxy_check(proxy)) {
        PyErr_SetString(PyExc_TypeError, "not a proxy");
        return NULL;
    }
    return proxy_target(proxy);
}

static PyObject *
is_proxy(PyObject *Py_UNUSED(module), PyObject *object)
{
    return PyBool_FromLong(proxy_check(object));
}

static PyObject *
shape_methods(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    return proxy_make_shape_methods(state_of(module));
}

static PyObject *
allow_own_attributes(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    return proxy_allow_own_attributes(state_of(module)) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef functions[] = {
    {"configure", (PyCFunction)(void (*)(void))configure, METH_VARARGS | METH_KEYWORDS,
     "Take what is written in Python."},
    {"current", current, METH_O, "Return the object behind a proxy."},
    {"is_proxy", is_proxy, METH_O, "Tell whether an object is a proxy."},
    {"allow_own_attributes", allow_own_attributes, METH_NOARGS,
     "Let object.__setattr__ work on proxies; makes the forwarded one slower."},
    {"shape_methods", shape_methods, METH_NOARGS,
     "Return the methods that shaped types are put together from."},
    {NULL},
};

static int
execute(PyObject *module)
{
    State *state = state_of(module);
#define INTERN(name, text)                                                     \
    state->name = PyUnicode_InternFromString(text);
    STRINGS(INTERN)
#undef INTERN
#define CHECK(name, text) +(state->name == NULL)
    if (0 STRINGS(CHECK)) {
        return -1;
    }
#undef CHECK
    return proxy_add_types(module, state);
}

static int
traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = state_of(module);
    Py_VISIT(state->bare_proxy);
    Py_VISIT(state->unclaimed);
    Py_VISIT(state->local_proxy);
    Py_VISIT(state->own);
#define VISIT(name) Py_VISIT(state->name);
    HELPERS(VISIT)
#undef VISIT
    return 0;
}

static int
clear(PyObject *module)
{
    State *state = state_of(module);
    Py_CLEAR(state->bare_proxy);
    Py_CLEAR(state->unclaimed);
    Py_CLEAR(state->local_proxy);
    Py_CLEAR(state->own);
#define CLEAR(name, ...) Py_CLEAR(state->name);
    STRINGS(CLEAR)
    HELPERS(CLEAR)
#undef CLEAR
    return 0;
}

static void
release(void *module)
{
    clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    {0, NULL},
};

struct PyModuleDef inscope_native_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "inscope._core.native._native",
    .m_doc = "What is written in C; see inscope/_core/native/README.md.",
    .m_size = sizeof(State),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC
PyInit__native(void)
{
    return PyModuleDef_Init(&inscope_native_module);
}
