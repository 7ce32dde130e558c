#include "twin/execution.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace isojoule::twin {
namespace {

tl::unexpected<Error> without(const Constants& c, const std::string& what, const std::string& why) {
  return fail(ErrorKind::unsupported,
              fmt::format("the twin of {} has no {}: {}", c.board, what, why),
              "Leave that axis away, or choose another value");
}

Status take_precision(const std::string& name, const Constants& c, Execution& out) {
  if (name.empty()) return {};
  const auto at = std::find(precision_names.begin(), precision_names.end(), name);
  if (at == precision_names.end()) return without(c, "precision " + name, "no such format");
  const auto index = static_cast<std::size_t>(at - precision_names.begin());
  // A DLA has its own units, and only these two.
  if (out.on_dla && name == "fp32")
    return without(c, "fp32 on its DLA", "its units compute INT8 and FP16 only");
  const std::string& reason = c.precision_reasons[index];
  if (!(c.precisions[index].mac_rate > 0) && !out.on_dla)
    return without(c, "precision " + name,
                   reason.empty() ? "nothing is known of it there" : reason);
  out.precision = static_cast<Precision>(index);
  return {};
}

Status take_accelerator(const std::string& name, const Constants& c, Execution& out) {
  if (name.empty() || (name == "gpu" && c.has_gpu()) || (name == "cpu" && !c.has_gpu())) return {};
  if (name == "cpu") return without(c, "accelerator cpu", "its model computes networks on the GPU");
  if (name == "gpu") return without(c, "accelerator gpu", "the board's GPU runs no networks");
  if (name != "dla" && name != "dla1")
    return without(c, "accelerator " + name, "there is cpu, gpu, dla and dla1");
  out.dla_core = name == "dla1" ? 1 : 0;
  if (!c.has_dla()) return without(c, "accelerator " + name, "the board has no such unit");
  if (out.dla_core >= c.dla.cores)
    return without(c, "accelerator " + name, "the board has one DLA only");
  out.on_dla = true;
  return {};
}

Status take_graph(const Job& job, const Constants& c, Execution& out) {
  const std::pair<std::string_view, const std::string&> axes[] = {
      {"graph", job.graph}, {"loading", job.loading}, {"implementation", job.implementation}};
  for (const auto& [axis, value] : axes)
    if (!value.empty() && !c.has_graph)
      return without(c, fmt::format("{} {}", axis, value), "its constants do not tell them apart");
  const std::string why = "its constants are those of a compiled engine";
  if (c.compiled && job.graph == "dynamic") return without(c, "graph dynamic", why);
  if (c.compiled && job.loading == "lazy") return without(c, "loading lazy", why);
  if (c.compiled && job.implementation == "python") return without(c, "implementation python", why);
  out.static_graph = c.compiled || job.graph == "static";
  out.eager = c.compiled || job.loading == "eager";
  out.cpp = c.compiled || job.implementation == "cpp";
  return {};
}

Result<bool> switched(const std::string& name, const std::string& value) {
  if (value == "on" || value == "off") return value == "on";
  return fail(ErrorKind::invalid, fmt::format("option {} = {} is not possible", name, value),
              "Give on or off");
}

// "Resize,Softmax"; "none": no word.
void take_words(const std::string& text, std::vector<std::string>& words) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at && text != "none") words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
}

Status take_options(const Job& job, const Constants& c, Execution& out) {
  for (const auto& [name, value] : job.options) {
    if (name == "gc") {
      ISOJOULE_TRY(out.garbage_collection, switched(name, value));
      if (!c.has_graph || out.cpp)
        return without(c, "option gc", "no garbage collector runs in a compiled program");
    } else if (name == "fallback") {
      ISOJOULE_TRY(out.fallback, switched(name, value));
    } else if (name == "gpu_operators") {
      take_words(value, out.gpu_operators);
    } else {
      return fail(ErrorKind::not_found, "the twin has no option '" + name + "'",
                  unknown_name_remedy(name, {"gc", "fallback", "gpu_operators"}));
    }
  }
  return {};
}

}  // namespace

Result<Execution> execution_of(const Job& job, const Constants& constants) {
  Execution out;
  ISOJOULE_CHECK(take_accelerator(job.accelerator, constants, out));
  ISOJOULE_CHECK(take_precision(job.precision, constants, out));
  ISOJOULE_CHECK(take_graph(job, constants, out));
  ISOJOULE_CHECK(take_options(job, constants, out));
  // What trtexec and the DLA's compiler take where nothing is said.
  if (out.on_dla && !out.precision) out.precision = Precision::int8;
  return out;
}

WorkOptions work_options(const Execution& execution, const Constants& c) {
  WorkOptions out;
  if (execution.precision) {
    const PrecisionConstants& own = c.precisions[static_cast<std::size_t>(*execution.precision)];
    out.mac_rate = own.mac_rate > 0 ? own.mac_rate : 1;
    out.mac_energy = own.mac_energy;
    out.element_bytes = own.element_bytes;
  }
  const GraphConstants& graph = c.graph;
  if (execution.static_graph) {
    out.fused = true;
    out.kernel_share *= graph.static_kernel_share;
  }
  if (execution.cpp) {
    out.kernel_share *= graph.cpp_kernel_share;
    out.cycles_share *= graph.cpp_cycles_share;
    out.input_share *= graph.cpp_input_share;
  } else if (!execution.garbage_collection) {
    out.cycles_share *= 1 - graph.gc_share;
    out.input_share *= 1 - graph.gc_share;
  }
  return out;
}

StartCycles start_cycles(const Execution& execution, const Constants& c, double layers) {
  StartCycles out;
  const double rest = c.initialisation_cycles * (1 - c.start_share);
  const double put_off = std::min(rest, c.initialisation_cycles * c.graph.lazy_share);
  out.process = c.initialisation_cycles * c.start_share;
  out.graph = rest - put_off;
  if (execution.eager)
    out.graph += put_off * c.graph.eager_share;
  else
    out.first_use = put_off;
  if (execution.static_graph) out.graph += c.graph.static_cycles_per_layer * layers;
  return out;
}

}  // namespace isojoule::twin
