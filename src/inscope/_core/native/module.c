/* The module: its state, how it begins and ends, and what Python hands it. */
#include "arguments.h"
#include "bind.h"
#include "cell.h"
#include "crossing.h"
#include "done.h"
#include "iterator.h"
#include "local.h"
#include "names.h"
#include "proxy.h"
#include "scope.h"
#include "snapshot.h"
#include "spares.h"
#include "stack.h"
#include "stack_view.h"
#include "state.h"
#include "step.h"
#include "token.h"
#include "var.h"

static State *
state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

State *
state_of_type(PyTypeObject *type)
{
    PyObject *module = PyType_GetModuleByDef(type, &inscope_native_module);
    return module == NULL ? NULL : state_of(module);
}

int
state_make_type(PyObject *module, PyTypeObject **place, PyType_Spec *spec, PyObject *base)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, base);
    if (type == NULL) {
        return -1;
    }
    Py_XSETREF(*place, (PyTypeObject *)type);
    /* Errors of the interpreter call a type of Python's by its bare name. */
    PyObject *name = PyType_GetName((PyTypeObject *)type);
    int named = name == NULL ? -1 : PyObject_SetAttrString(type, "__name__", name);
    Py_XDECREF(name);
    return named;
}

int
state_add_type(PyObject *module, PyTypeObject **place, PyType_Spec *spec, PyObject *base)
{
    return state_make_type(module, place, spec, base) < 0
               ? -1
               : PyModule_AddType(module, *place);
}

int
state_add_methods(PyTypeObject *type, PyMethodDef *methods)
{
    int result = 0;
    for (; result == 0 && methods->ml_name != NULL; methods++) {
        PyObject *method = PyDescr_NewMethod(type, methods);
        result = method == NULL ? -1
                                : PyObject_SetAttrString((PyObject *)type,
                                                         methods->ml_name, method);
        Py_XDECREF(method);
    }
    return result;
}

int
state_add_generic_type(PyObject *module, PyTypeObject **place, PyType_Spec *spec)
{
    PyObject *typing = PyImport_ImportModule("typing");
    PyObject *generic = typing == NULL ? NULL : PyObject_GetAttrString(typing, "Generic");
    int result = generic == NULL ? -1 : state_add_type(module, place, spec, generic);
    Py_XDECREF(generic);
    Py_XDECREF(typing);
    return result;
}

/* Functions */

static const struct {
    const char *name;
    size_t offset;
} helpers[] = {
#define ROW(helper) {#helper, offsetof(State, helper)},
    HELPERS(ROW)
#undef ROW
};

/* Where the helper of this name is kept; NULL with an error if there is none such. */
static PyObject **
helper_named(State *state, PyObject *name)
{
    for (size_t index = 0; index < sizeof(helpers) / sizeof(helpers[0]); index++) {
        if (PyUnicode_CompareWithASCIIString(name, helpers[index].name) == 0) {
            return (PyObject **)((char *)state + helpers[index].offset);
        }
    }
    PyErr_Format(PyExc_TypeError, "there is no helper %R", name);
    return NULL;
}

static PyObject *
configure(PyObject *module, PyObject *args, PyObject *kwargs)
{
    if (!PyArg_ParseTuple(args, ":configure")) {
        return NULL;
    }
    PyObject *name, *value;
    Py_ssize_t position = 0;
    while (kwargs != NULL && PyDict_Next(kwargs, &position, &name, &value)) {
        PyObject **helper = helper_named(state_of(module), name);
        if (helper == NULL) {
            return NULL;
        }
        Py_XSETREF(*helper, Py_NewRef(value));
    }
    Py_RETURN_NONE;
}

/* PyType_FromMetaclass came with 3.12; the metaclass adds no fields. */
static PyObject *
set_metaclass(PyObject *module, PyObject *metaclass)
{
    State *state = state_of(module);
    PyTypeObject *types[] = {state->bare_proxy, state->unclaimed, state->local_proxy};
    if (!PyType_Check(metaclass)) {
        PyErr_SetString(PyExc_TypeError, "a metaclass is a type");
        return NULL;
    }
    for (int index = 0; index < 3; index++) {
        /* What it was is type itself, a static type, which is not counted. */
        assert(Py_IS_TYPE(types[index], &PyType_Type));
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

enum { DEEPEST = 10000 }; /* As in python/proxy.py. */

/* unwrap(obj): through proxies to proxies, to what is none. */
static PyObject *
unwrap(PyObject *Py_UNUSED(module), PyObject *object)
{
    Py_INCREF(object);
    for (int depth = 0; object != NULL && proxy_check(object); depth++) {
        if (depth == DEEPEST) {
            PyErr_SetString(PyExc_RecursionError, "a proxy leads back to itself");
            Py_CLEAR(object);
            break;
        }
        PyObject *inner = proxy_target(object);
        Py_DECREF(object);
        object = inner;
    }
    return object;
}

PyDoc_STRVAR(is_proxy_doc, "is_proxy(obj)\n--\n\n\
Tell whether *obj* is a proxy of inscope; resolves nothing.\n\
\n\
Example:\n\
    >>> from inscope import LocalProxy, is_proxy\n\
    >>> is_proxy(LocalProxy(list)), is_proxy([])\n\
    (True, False)");

PyDoc_STRVAR(unwrap_doc, "unwrap(obj)\n--\n\n\
Return the object behind *obj*; of anything but a proxy, *obj* itself.\n\
\n\
Raises:\n\
    UnboundError: Nothing is bound behind the proxy.\n\
\n\
Example:\n\
    >>> from inscope import LocalProxy, unwrap\n\
    >>> word = \"a word\"\n\
    >>> unwrap(LocalProxy(lambda: word)) is unwrap(word) is word\n\
    True");

PyDoc_STRVAR(iterate_doc, "iterate_in_scope(scope, function, /, *args)\n--\n\n\
Call *function*, and iterate over what it returns, in a scope.");

PyDoc_STRVAR(steps_doc, "steps_in(context, inner, layer=None, /)\n--\n\n\
Return an iterator that advances *inner*, with each of its steps in *context*.");

static PyObject *
methods_of_shapes(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    return shape_methods(state_of(module));
}

static PyObject *
allow_own_attributes(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    return proxy_allow_own_attributes(state_of(module)) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
set_local_access(PyObject *Py_UNUSED(module), PyObject *type)
{
    return local_set_access(type) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
allow_own_names(PyObject *module, PyObject *Py_UNUSED(ignored))
{
    return local_allow_own_names(state_of(module)) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef functions[] = {
    {"configure", (PyCFunction)(void (*)(void))configure, METH_VARARGS | METH_KEYWORDS,
     "Take what is written in Python, by the names in state.h."},
    {"set_metaclass", set_metaclass, METH_O, "Give the types of proxies their type."},
    {"make_stack_view", view_make_type, METH_O, "Make StackView of View."},
    {"make_token", token_make_type, METH_O, "Make Token of AnyToken."},
    {"make_var_bind", bind_make_type, METH_O, "Make VarBind of Bind."},
    {"current", current, METH_O, "Return the object behind a proxy."},
    {"is_proxy", is_proxy, METH_O, is_proxy_doc},
    {"unwrap", unwrap, METH_O, unwrap_doc},
    {"iterate_in_scope", FAST_METHOD(iterate_in_scope), METH_FASTCALL, iterate_doc},
    {"steps_in", FAST_METHOD(steps_in), METH_FASTCALL, steps_doc},
    {"set_local_access", set_local_access, METH_O,
     "Let a type read names by BareLocal's own function, whatever its __getattr__."},
    {"allow_own_names", allow_own_names, METH_NOARGS,
     "Let object.__setattr__ work on Locals; makes assigning a name slower."},
    {"allow_own_attributes", allow_own_attributes, METH_NOARGS,
     "Let object.__setattr__ work on proxies; makes the forwarded one slower."},
    {"shape_methods", methods_of_shapes, METH_NOARGS,
     "Return the methods that shaped types are put together from."},
    {NULL},
};

/* The module */

static int
execute(PyObject *module)
{
    State *state = state_of(module);
#define INTERN(name, text)                                                     \
    if (state->name == NULL) {                                                 \
        state->name = PyUnicode_InternFromString(text);                        \
    }
    STRINGS(INTERN)
#undef INTERN
#define MISSES(name, text) +(state->name == NULL)
    if (0 STRINGS(MISSES)) {
        return -1;
    }
#undef MISSES
    return cell_add_types(module, state) < 0 || local_add_types(module, state) < 0 ||
                   stack_add_types(module, state) < 0 ||
                   var_add_types(module, state) < 0 ||
                   scope_add_types(module, state) < 0 ||
                   iterator_add_types(module, state) < 0 ||
                   done_add_types(module, state) < 0 ||
                   step_add_types(module, state) < 0 ||
                   snapshot_add_types(module, state) < 0 ||
                   crossing_add_types(module, state) < 0 ||
                   proxy_add_types(module, state) < 0 || names_add_constants(module) < 0
               ? -1
               : 0;
}

static int
traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = state_of(module);
    Py_VISIT(state->bottom);
#define VISIT(name, ...) Py_VISIT(state->name);
    TYPES(VISIT)
    HELPERS(VISIT)
#undef VISIT
    return 0;
}

/* There is no m_clear: what outlives the module may still ask for a name or a helper,
 * and every cycle through the state has a dict or a type in it, which can be cleared. */
static void
release(void *module)
{
    State *state = state_of(module);
    spares_drop(&state->spare_cells);
    spares_drop(&state->spare_binds);
    spares_drop(&state->spare_views);
    Py_CLEAR(state->bottom);
#define CLEAR(name, ...) Py_CLEAR(state->name);
    TYPES(CLEAR)
    STRINGS(CLEAR)
    HELPERS(CLEAR)
#undef CLEAR
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
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
    .m_free = release,
};

PyMODINIT_FUNC
PyInit__native(void)
{
    return PyModuleDef_Init(&inscope_native_module);
}
