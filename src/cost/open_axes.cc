#include "cost/open_axes.h"

#include <charconv>
#include <map>
#include <set>

namespace isojoule {
namespace {

using ShapeProto = onnx::TensorShapeProto;

ShapeProto& shape_of(onnx::ValueInfoProto& info) {
  return *info.mutable_type()->mutable_tensor_type()->mutable_shape();
}

bool has_shape(const onnx::ValueInfoProto& info) {
  return info.type().has_tensor_type() && info.type().tensor_type().has_shape();
}

// "1x3xNxN", as --shape takes it.
std::string example_of(const ShapeProto& shape) {
  std::string text;
  for (const auto& dim : shape.dim()) {
    if (!text.empty()) text += 'x';
    text += dim.has_dim_value() ? std::to_string(dim.dim_value()) : "N";
  }
  return text;
}

class AxisCloser {
 public:
  AxisCloser(onnx::GraphProto& graph, const std::unordered_set<std::string>& initialisers,
             const CostOptions& options, const std::string& name)
      : graph_(graph), options_(options), name_(name), symbols_(options.symbols) {
    for (auto& input : *graph.mutable_input())
      if (initialisers.count(input.name()) == 0) inputs_.push_back(&input);
  }

  Result<ClosedAxes> run() {
    ISOJOULE_CHECK(check_options());
    ISOJOULE_CHECK(apply_shapes());
    choose_batch();
    for (auto* input : inputs_) ISOJOULE_CHECK(apply_symbols(*input));
    ISOJOULE_CHECK(apply_batch());
    ISOJOULE_CHECK(check_batch());
    for (auto* input : inputs_) ISOJOULE_CHECK(check_closed(*input));
    for (auto& info : *graph_.mutable_value_info()) set_recorded(info);
    for (auto& info : *graph_.mutable_output()) set_recorded(info);
    return result_;
  }

 private:
  Status check_options() const {
    if (options_.batch && *options_.batch < 1)
      return fail(ErrorKind::invalid, "batch size " + std::to_string(*options_.batch),
                  "Give 1 or more");
    for (const auto& [name, size] : options_.symbols)
      if (size < 1) return bad_size(name, size);
    for (const auto& [name, shape] : options_.shapes)
      for (const std::int64_t size : shape)
        if (size < 1) return bad_size(name, size);
    return {};
  }

  static tl::unexpected<Error> bad_size(const std::string& name, std::int64_t size) {
    return fail(ErrorKind::invalid, "--shape " + name + " has the size " + std::to_string(size),
                "Give 1 or more for every axis");
  }

  onnx::ValueInfoProto* find_input(const std::string& name) const {
    for (auto* input : inputs_)
      if (input->name() == name) return input;
    return nullptr;
  }

  std::set<std::string> symbol_names() const {
    std::set<std::string> names;
    for (const auto* input : inputs_)
      if (has_shape(*input))
        for (const auto& dim : input->type().tensor_type().shape().dim())
          if (!dim.dim_param().empty()) names.insert(dim.dim_param());
    return names;
  }

  tl::unexpected<Error> unknown_name(const std::string& name) const {
    std::string known;
    for (const auto* input : inputs_) known += (known.empty() ? "'" : ", '") + input->name() + "'";
    for (const auto& symbol : symbol_names()) known += ", '" + symbol + "'";
    return fail(ErrorKind::invalid,
                name_ + ": --shape names '" + name + "', which is no input and no named axis",
                "Its inputs and named axes are " + known);
  }

  // `--shape x=8`: all axes of that name, or the one axis of that input.
  Status apply_shapes() {
    auto shapes = options_.shapes;
    const auto names = symbol_names();
    for (const auto& [name, size] : options_.symbols) {
      if (names.count(name) != 0) continue;
      if (find_input(name) == nullptr) return unknown_name(name);
      shapes[name] = {size};
    }
    for (const auto& [name, shape] : shapes) {
      auto* input = find_input(name);
      if (input == nullptr) return unknown_name(name);
      if (input->type().value_case() != onnx::TypeProto::VALUE_NOT_SET &&
          !input->type().has_tensor_type())
        return check_closed(*input);
      ISOJOULE_CHECK(apply_shape(*input, shape));
      fixed_.insert(name);
    }
    return {};
  }

  Status apply_shape(onnx::ValueInfoProto& input, const std::vector<std::int64_t>& shape) {
    const bool stated = has_shape(input);
    ShapeProto& own = shape_of(input);
    if (stated && own.dim_size() != static_cast<int>(shape.size()))
      return fail(ErrorKind::invalid,
                  name_ + ": --shape gives input '" + input.name() + "' " +
                      std::to_string(shape.size()) + " axes, it has " +
                      std::to_string(own.dim_size()),
                  "Give '--shape " + input.name() + "=" + example_of(own) + "' with numbers");
    for (std::size_t i = 0; i < shape.size(); ++i) {
      auto& dim = stated ? *own.mutable_dim(static_cast<int>(i)) : *own.add_dim();
      if (!dim.dim_param().empty()) {
        const auto [found, fresh] = symbols_.emplace(dim.dim_param(), shape[i]);
        if (!fresh && found->second != shape[i])
          return fail(ErrorKind::invalid,
                      name_ + ": the axis '" + dim.dim_param() + "' gets the sizes " +
                          std::to_string(found->second) + " and " + std::to_string(shape[i]),
                      "Give inputs that share an axis the same size along it");
      }
      if (dim.has_dim_value() && dim.dim_value() != shape[i]) result_.own_sizes_replaced = true;
      dim.set_dim_value(shape[i]);
    }
    return {};
  }

  // --batch, or else the first size that --shape gave to a first axis, or else 1.
  void choose_batch() {
    if (options_.batch) {
      result_.batch = *options_.batch;
      return;
    }
    for (const auto* input : inputs_) {
      if (!has_shape(*input) || input->type().tensor_type().shape().dim_size() == 0) continue;
      const auto& first = input->type().tensor_type().shape().dim(0);
      const auto symbol = symbols_.find(first.dim_param());
      if (symbol != symbols_.end())
        result_.batch = symbol->second;
      else if (fixed_.count(input->name()) != 0)
        result_.batch = first.dim_value();
      else
        continue;
      return;
    }
  }

  Status apply_symbols(onnx::ValueInfoProto& input) const {
    if (!has_shape(input)) return {};
    for (auto& dim : *shape_of(input).mutable_dim()) {
      if (dim.has_dim_value()) continue;
      const auto found = symbols_.find(dim.dim_param());
      if (!dim.dim_param().empty() && found != symbols_.end()) dim.set_dim_value(found->second);
    }
    return {};
  }

  // An open first axis is the batch, and so is every axis of its name. Where there is none, the
  // file's own batch is replaced.
  Status apply_batch() {
    bool open = false;
    for (auto* input : inputs_) {
      if (!has_shape(*input) || shape_of(*input).dim_size() == 0) continue;
      auto& first = *shape_of(*input).mutable_dim(0);
      if (first.has_dim_value()) continue;
      open = true;
      if (!first.dim_param().empty()) symbols_.emplace(first.dim_param(), result_.batch);
      first.set_dim_value(result_.batch);
    }
    for (auto* input : inputs_) ISOJOULE_CHECK(apply_symbols(*input));
    if (!open && fixed_.empty() && options_.symbols.empty()) replace_static_batch();
    return {};
  }

  // With --shape, a file's own batch stays: the count would be of another one than is said.
  Status check_batch() const {
    if (!options_.batch || (fixed_.empty() && options_.symbols.empty())) return {};
    for (const auto* input : inputs_)
      if (has_shape(*input) && input->type().tensor_type().shape().dim_size() > 0 &&
          input->type().tensor_type().shape().dim(0).dim_value() == *options_.batch)
        return {};
    return fail(ErrorKind::invalid,
                name_ + ": --batch " + std::to_string(*options_.batch) +
                    ", but with --shape no input has this first size",
                "Leave --batch out, or give --shape that first size");
  }

  void replace_static_batch() {
    for (auto* input : inputs_) {
      if (!has_shape(*input) || shape_of(*input).dim_size() == 0) continue;
      auto& first = *shape_of(*input).mutable_dim(0);
      if (first.dim_value() < 1) return;  // refused in a moment
      if (result_.file_batch == 0) result_.file_batch = first.dim_value();
      if (first.dim_value() == result_.file_batch) first.set_dim_value(result_.batch);
    }
    if (result_.file_batch == result_.batch) result_.file_batch = 0;
    result_.own_sizes_replaced = result_.own_sizes_replaced || result_.file_batch != 0;
  }

  Status check_closed(const onnx::ValueInfoProto& input) const {
    const std::string what = name_ + ": input '" + input.name() + "' has ";
    if (input.type().value_case() != onnx::TypeProto::VALUE_NOT_SET &&
        !input.type().has_tensor_type())
      return fail(ErrorKind::unsupported, what + "no shape: it is no tensor",
                  "Export the model with tensors as inputs");
    if (!has_shape(input))
      return fail(ErrorKind::unsupported, what + "no shape",
                  "Give '--shape " + input.name() + "=1x3x224x224' with its sizes");
    const auto& shape = input.type().tensor_type().shape();
    for (int axis = 0; axis < shape.dim_size(); ++axis) {
      const auto& dim = shape.dim(axis);
      if (dim.has_dim_value() && dim.dim_value() < 1)
        return fail(ErrorKind::invalid,
                    what + "the size " + std::to_string(dim.dim_value()) + " along axis " +
                        std::to_string(axis),
                    "Export the model again with positive sizes, or give '--shape " + input.name() +
                        "=...'");
      if (dim.has_dim_value()) continue;
      const std::string whole = "'--shape " + input.name() + "=" + example_of(shape) + "'";
      return fail(ErrorKind::unsupported,
                  what + "no fixed size along axis " + std::to_string(axis) +
                      (dim.dim_param().empty() ? "" : " ('" + dim.dim_param() + "')"),
                  dim.dim_param().empty()
                      ? "Give " + whole + " with a number for each N"
                      : "Give '--shape " + dim.dim_param() + "=N' with its size, or " + whole);
    }
    return {};
  }

  void set_recorded(onnx::ValueInfoProto& info) const {
    if (!has_shape(info)) return;
    for (auto& dim : *shape_of(info).mutable_dim()) {
      const auto found = symbols_.find(dim.dim_param());
      if (!dim.dim_param().empty() && found != symbols_.end()) dim.set_dim_value(found->second);
    }
  }

  onnx::GraphProto& graph_;
  const CostOptions& options_;
  const std::string& name_;
  std::map<std::string, std::int64_t> symbols_;  // the user's, and those bound by input shapes
  std::vector<onnx::ValueInfoProto*> inputs_;
  std::set<std::string> fixed_;  // inputs whose whole shape the user gave
  ClosedAxes result_;
};

}  // namespace

Result<ClosedAxes> close_axes(onnx::GraphProto& graph,
                              const std::unordered_set<std::string>& initialisers,
                              const CostOptions& options, const std::string& name) {
  return AxisCloser(graph, initialisers, options, name).run();
}

Status parse_shape_option(const std::string& text, CostOptions& options) {
  const auto bad = [&](const std::string& why) {
    return fail(ErrorKind::invalid, "--shape '" + text.substr(0, 200) + "': " + why,
                "Write an input and its sizes ('--shape input=1x3x224x224') or a named axis and "
                "its size ('--shape seq=128')");
  };
  const std::size_t equals = text.rfind('=');  // names may have a '='
  if (equals == std::string::npos || equals == 0) return bad("no name and sizes");
  std::vector<std::int64_t> sizes;
  const char* at = text.data() + equals + 1;
  const char* end = text.data() + text.size();
  while (true) {
    std::int64_t size = 0;
    const auto [next, wrong] = std::from_chars(at, end, size);
    if (wrong != std::errc()) return bad("'" + std::string(at, end) + "' is no size");
    if (size < 1) return bad("a size is 1 or more");
    sizes.push_back(size);
    if (next == end) break;
    if (*next != 'x') return bad("'" + std::string(next, end) + "' after a size");
    at = next + 1;
  }
  const std::string name = text.substr(0, equals);
  if (options.shapes.count(name) != 0 || options.symbols.count(name) != 0)
    return bad("'" + name + "' is given twice");
  if (sizes.size() == 1)
    options.symbols[name] = sizes[0];
  else
    options.shapes[name] = std::move(sizes);
  return {};
}

}  // namespace isojoule
