// isojoule.h for Python: what python/isojoule/__init__.py builds upon. The interpreter's lock is
// given up wherever a call may wait.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>

#include "isojoule/isojoule.h"

namespace py = pybind11;

namespace {

// None where it is absent.
std::optional<double> value(const isojoule_result& result, unsigned flag, double number) {
  return (result.flags & flag) != 0 ? std::optional<double>(number) : std::nullopt;
}

py::object cast(const std::optional<double>& number) {
  return number ? py::object(py::float_(*number)) : py::object(py::none());
}

// The C functions end texts at ISOJOULE_TEXT bytes, which may be in the middle of a letter.
py::str text(const char* bytes) {
  PyObject* decoded = PyUnicode_DecodeUTF8(
      bytes, static_cast<Py_ssize_t>(std::char_traits<char>::length(bytes)), "replace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

// A text of Python as UTF-8. Names of files may hold what is none (surrogates): '?', as in C.
class Utf8 {
 public:
  explicit Utf8(const py::str& text) : text_(PyUnicode_AsUTF8AndSize(text.ptr(), nullptr)) {
    if (text_ != nullptr) return;
    PyErr_Clear();
    bytes_ = py::reinterpret_steal<py::object>(
        PyUnicode_AsEncodedString(text.ptr(), "utf-8", "replace"));
    if (!bytes_) throw py::error_already_set();
    text_ = PyBytes_AsString(bytes_.ptr());
  }
  const char* get() const { return text_; }

 private:
  const char* text_;  // of Python's own text, or of bytes_
  py::object bytes_;
};

py::dict as_dict(const isojoule_result& result) {
  py::dict all;
  all["energy_j"] = cast(value(result, ISOJOULE_HAS_ENERGY, result.energy_j));
  all["energy_u_j"] = cast(value(result, ISOJOULE_HAS_ENERGY, result.energy_u_j));
  all["net_energy_j"] = cast(value(result, ISOJOULE_HAS_NET, result.net_energy_j));
  all["net_energy_u_j"] = cast(value(result, ISOJOULE_HAS_NET, result.net_energy_u_j));
  all["duration_s"] = cast(value(result, ISOJOULE_HAS_DURATION, result.duration_s));
  all["count"] = result.count;
  all["overlapping"] = result.overlapping;
  all["simulated"] = (result.flags & ISOJOULE_IS_SIMULATED) != 0;
  all["counters"] = text(result.counters);
  all["reason"] = text(result.reason);
  return all;
}

// With the interpreter's lock: a mark costs less than to give it up.
template <auto kSay>
auto say(const py::str& name) {
  return kSay(Utf8(name).get());
}

// Without, because it may wait.
template <auto kSay>
int say_slowly(const py::str& name) {
  const Utf8 text(name);
  const py::gil_scoped_release others;
  return kSay(text.get());
}

int note(const py::str& key, const py::str& value) {
  const Utf8 first(key), second(value);
  const py::gil_scoped_release others;
  return isojoule_note(first.get(), second.get());
}

template <typename Ask>
py::dict ask(const Ask& question) {
  isojoule_result result = {};
  result.size = sizeof(result);
  {
    const py::gil_scoped_release others;
    question(&result);
  }
  return as_dict(result);
}

const char* given(const std::optional<std::string>& text) {
  return text && !text->empty() ? text->c_str() : nullptr;
}

int session_begin(std::int64_t period_ns, std::int64_t idle_ns, std::int64_t timeout_ns,
                  const std::optional<std::string>& program,
                  const std::optional<std::string>& sysroot,
                  const std::optional<std::string>& report) {
  isojoule_options options = {};
  options.size = sizeof(options);
  options.period_ns = period_ns;
  options.idle_ns = idle_ns;
  options.timeout_ns = timeout_ns;
  options.program = given(program);
  options.sysroot = given(sysroot);
  options.report = given(report);
  const py::gil_scoped_release others;
  return isojoule_session_begin(&options);
}

py::str reason() {
  char words[ISOJOULE_TEXT];
  {
    const py::gil_scoped_release others;  // a session that begins holds it back
    isojoule_reason(words, sizeof(words));
  }
  return text(words);
}

}  // namespace

PYBIND11_MODULE(_isojoule, module) {
  module.doc() = "isojoule.h; use the package isojoule instead";
  module.attr("NOBODY") = static_cast<int>(ISOJOULE_NOBODY);
  module.attr("MEASURE") = static_cast<int>(ISOJOULE_MEASURE);
  module.attr("ALONE") = static_cast<int>(ISOJOULE_ALONE);
  using Released = py::call_guard<py::gil_scoped_release>;
  module.def("open", &isojoule_open, Released());
  module.def("close", &isojoule_close, Released());
  module.def("listener", &isojoule_listener);
  module.def("reason", &reason);
  module.def("now_ns", &isojoule_now_ns);
  module.def("window_begin", &say<isojoule_window_begin>);
  module.def("window_end", &isojoule_window_end);
  module.def("mark", &say<isojoule_mark>);
  module.def("phase_begin", &say_slowly<isojoule_phase_begin>);
  module.def("phase_end", &say_slowly<isojoule_phase_end>);
  module.def("batch_begin", &isojoule_batch_begin);
  module.def("batch_end", &isojoule_batch_end);
  module.def("note", &note);
  module.def("session_begin", &session_begin);
  module.def("session_end",
             [] { return ask([](isojoule_result* result) { isojoule_session_end(result); }); });
  module.def("window_energy", [](std::int64_t id) {
    return ask([id](isojoule_result* result) { isojoule_window_energy(id, result); });
  });
  module.def("name_energy", [](const py::str& name) {
    const Utf8 text(name);
    return ask([&text](isojoule_result* result) { isojoule_name_energy(text.get(), result); });
  });
}
