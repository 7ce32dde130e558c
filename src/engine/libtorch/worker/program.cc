#include "engine/libtorch/worker/program.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "engine/libtorch/worker/faults.h"

namespace isojoule::libtorch {

class ProgramBuilder {
 public:
  ProgramBuilder(const OnnxModel& model, const ProgramOptions& options) : model_(model) {
    program_.options_ = options;
  }

  Program build() {
    for (const OnnxData& data : model_.initialisers)
      constants_[new_slot(data.name)] = tensor_of(data);
    for (const TensorSpec& input : model_.inputs) program_.inputs_.push_back(new_slot(input.name));
    for (const OnnxNode& node : model_.nodes) add(node);
    for (const std::string& name : model_.outputs)
      program_.outputs_.push_back(slot_of(name, "output '" + name + "'"));
    program_.values_.resize(slots_.size());
    for (const std::size_t slot : program_.outputs_)
      if (constants_.contains(slot)) program_.values_[slot] = on_device(slot);
    plan_releases();
    return std::move(program_);
  }

 private:
  // Every value is made once (onnx/docs/IR.md: graphs are in static single assignment form).
  std::size_t new_slot(const std::string& name) {
    const auto [place, fresh] = slots_.try_emplace(name, slots_.size());
    if (!fresh)
      throw Fault({ErrorKind::parse,
                   "'" + name + "' is made twice",
                   {},
                   "Check the file: it may be damaged, or its names are not unique."});
    return place->second;
  }

  std::size_t slot_of(const std::string& name, const std::string& user) const {
    const auto found = slots_.find(name);
    if (found == slots_.end())
      throw Fault({ErrorKind::parse,
                   user + " needs '" + name + "', which nothing makes",
                   {},
                   "Check the file: it may be damaged, or its nodes out of order."});
    return found->second;
  }

  static std::string words_of(const OnnxNode& node) {
    return "operator '" + node.operation + "' (node '" + node.name + "'): ";
  }

  const Operator& operator_of(const OnnxNode& node) const {
    const Operator* found = node.domain.empty() ? find_operator(node.operation) : nullptr;
    if (found != nullptr) return *found;
    const std::string domain = node.domain.empty() ? "" : node.domain + ".";
    throw Fault({ErrorKind::unsupported,
                 "operator '" + domain + node.operation + "' (node '" + node.name + "', opset " +
                     std::to_string(model_.opset) + ") is not among the " +
                     std::to_string(operator_count()) + " that run on LibTorch here",
                 {},
                 "Run the model in another engine, or as a TorchScript file (.pt)."});
  }

  bool is_parameter(const Operator& row, std::size_t place) const {
    return place < 32 && ((row.parameters >> place) & 1U) != 0;
  }

  struct Use {
    std::size_t place, slot;
  };
  std::vector<Use> uses_of(const OnnxNode& node) const {
    std::vector<Use> uses;
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      if (!node.inputs[i].empty())
        uses.push_back({i, slot_of(node.inputs[i], "node '" + node.name + "'")});
    return uses;
  }

  Kernel kernel_of(const OnnxNode& node, const Operator& row, bool half) const {
    Tensors constants(node.inputs.size());
    for (const Use& use : uses_of(node))
      if (const auto found = constants_.find(use.slot); found != constants_.end())
        constants[use.place] = found->second;
    try {
      return row.make(Step(node, model_.opset, half, std::move(constants)));
    } catch (...) {
      throw Fault(caught(words_of(node)));
    }
  }

  void add(const OnnxNode& node) {
    const Operator& row = operator_of(node);
    const std::vector<Use> uses = uses_of(node);
    const bool fixed = std::all_of(
        uses.begin(), uses.end(), [this](const Use& use) { return constants_.contains(use.slot); });
    if (fixed)
      fold(node, row, uses);
    else
      add_call(node, row, uses);
  }

  void fold(const OnnxNode& node, const Operator& row, const std::vector<Use>& uses) {
    Tensors inputs(node.inputs.size());
    for (const Use& use : uses) inputs[use.place] = constants_.at(use.slot);
    Tensors results;
    const Kernel kernel = kernel_of(node, row, false);
    try {
      results = kernel(Inputs(inputs));
    } catch (...) {
      throw Fault(caught(words_of(node)));
    }
    check_count(node, results.size());
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (!node.outputs[i].empty()) constants_[new_slot(node.outputs[i])] = results[i];
  }

  static void check_count(const OnnxNode& node, std::size_t results) {
    for (std::size_t i = results; i < node.outputs.size(); ++i)
      if (!node.outputs[i].empty())
        throw Fault({ErrorKind::unsupported,
                     words_of(node) + "output " + std::to_string(i) + " is not computed here",
                     {},
                     "Run the model in another engine."});
  }

  void add_call(const OnnxNode& node, const Operator& row, const std::vector<Use>& uses) {
    check_traceable(node, row, uses);
    const bool makes_shape = node.operation == "Shape" || node.operation == "Size";
    const bool host = makes_shape || std::all_of(uses.begin(), uses.end(), [this](const Use& use) {
                        return constants_.contains(use.slot) || host_.contains(use.slot);
                      });
    Program::Call call;
    call.name = {node.name, node.operation};
    call.words = words_of(node);
    call.kernel = kernel_of(node, row, !host && program_.options_.half);
    call.fixed.resize(node.inputs.size());
    for (const Use& use : uses) {
      const bool here = host || is_parameter(row, use.place);
      if (constants_.contains(use.slot))
        call.fixed[use.place] = here ? constants_.at(use.slot) : on_device(use.slot);
      else
        call.feeds.push_back({use.place, use.slot, !here && host_.contains(use.slot)});
    }
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i].empty()) continue;
      const std::size_t slot = new_slot(node.outputs[i]);
      call.results.emplace_back(i, slot);
      if (host) host_.insert(slot);
    }
    program_.calls_.push_back(std::move(call));
  }

  void check_traceable(const OnnxNode& node, const Operator& row, const std::vector<Use>& uses) {
    if (!program_.options_.traced) return;
    bool follows_data = node.operation == "NonZero" || node.operation == "Compress";
    for (const Use& use : uses)
      follows_data = follows_data || (is_parameter(row, use.place) &&
                                      !constants_.contains(use.slot) && !host_.contains(use.slot));
    if (follows_data)
      throw Fault({ErrorKind::unsupported,
                   words_of(node) + "a shape or parameter follows from the data, which a static "
                                    "graph cannot hold",
                   {},
                   "Take graph dynamic."});
  }

  at::Tensor on_device(std::size_t slot) {
    const auto [place, fresh] = device_constants_.try_emplace(slot);
    if (fresh) place->second = program_.moved(constants_.at(slot));
    return place->second;
  }

  void plan_releases() {
    std::set<std::size_t> read(program_.outputs_.begin(), program_.outputs_.end());
    for (std::size_t i = program_.calls_.size(); i-- > 0;) {
      Program::Call& call = program_.calls_[i];
      const auto last_use = [&](std::size_t slot) {
        if (read.insert(slot).second) call.released.push_back(slot);
      };
      for (const Program::Feed& feed : call.feeds) last_use(feed.slot);
      for (const auto& [output, slot] : call.results) last_use(slot);
    }
  }

  const OnnxModel& model_;
  Program program_;
  std::unordered_map<std::string, std::size_t> slots_;
  std::unordered_map<std::size_t, at::Tensor> constants_;         // on the host, as in the model
  std::unordered_map<std::size_t, at::Tensor> device_constants_;  // where and as they are computed
  std::set<std::size_t> host_;
};

Result<Program> Program::build(const OnnxModel& model, const ProgramOptions& options) {
  return guarded([&] { return ProgramBuilder(model, options).build(); });
}

at::Tensor Program::moved(const at::Tensor& value) const {
  const bool halved = options_.half && value.scalar_type() == at::kFloat;
  return value.to(options_.device, halved ? at::kHalf : value.scalar_type());
}

void Program::start(const Tensors& inputs) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) values_[inputs_[i]] = inputs.at(i);
}

void Program::call(const Call& call) {
  Tensors inputs = call.fixed;
  for (const Feed& feed : call.feeds)
    inputs[feed.place] = feed.moved ? moved(values_[feed.slot]) : values_[feed.slot];
  try {
    Tensors results = call.kernel(Inputs(inputs));
    for (const auto& [output, slot] : call.results) {
      if (output >= results.size())
        throw Refusal(ErrorKind::unsupported,
                      "output " + std::to_string(output) + " is not computed here");
      values_[slot] = std::move(results[output]);
    }
  } catch (...) {
    throw Fault(caught(call.words));
  }
  for (const std::size_t slot : call.released) values_[slot] = at::Tensor();
}

Tensors Program::finish() {
  Tensors outputs;
  outputs.reserve(outputs_.size());
  for (const std::size_t slot : outputs_) outputs.push_back(values_[slot]);
  return outputs;
}

std::vector<StepName> Program::steps() const {
  std::vector<StepName> names;
  for (const Call& call : calls_) names.push_back(call.name);
  return names;
}

}  // namespace isojoule::libtorch
