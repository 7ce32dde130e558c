#include "engine/libtorch/worker/network.h"

#include <ATen/Parallel.h>

#include <filesystem>

#include "engine/libtorch/worker/device.h"
#include "engine/libtorch/worker/faults.h"
#include "engine/libtorch/worker/onnx_model.h"
#include "engine/libtorch/worker/profile.h"
#include "engine/libtorch/worker/static_module.h"
#include "engine/libtorch/worker/tensors.h"
#include "engine/worker_channel.h"
#include "engine/worker_run.h"

namespace isojoule::libtorch {
namespace {

// A TorchScript file is a zip archive (APPNOTE.TXT, 4.3.7), which no protobuf message begins like.
bool is_torchscript(const std::vector<char>& file) {
  constexpr std::string_view kZip = "PK\x03\x04";
  return std::string_view(file.data(), file.size()).starts_with(kZip);
}

class TorchNetwork final : public WorkerNetwork {
 public:
  TorchNetwork(const Job& job, const CommonOptions& common, Options options, at::Device device)
      : job_(job), common_(common), options_(std::move(options)), device_(device) {}

 private:
  Status do_load() override {
    ISOJOULE_TRY(file_, read_model(job_.model_path));
    return {};
  }

  Status do_initialise() override {
    ISOJOULE_CHECK(is_torchscript(file_) ? open_script() : open_onnx());
    std::vector<char>().swap(file_);
    return {};
  }

  Status open_onnx() {
    if (!options_.types.empty())
      return fail(ErrorKind::invalid,
                  "option type." + options_.types.begin()->first +
                      ": an ONNX file says itself what its inputs are",
                  "Leave it away.");
    const std::string folder = std::filesystem::path(job_.model_path).parent_path().string();
    auto read = read_onnx_model(file_, folder.empty() ? "." : folder);
    if (!read) read.error().what.insert(0, job_.model_path + ": ");
    ISOJOULE_TRY(const OnnxModel model, std::move(read));
    ISOJOULE_TRY(specs_, resolve_inputs(model.inputs, job_.batch, common_));
    output_names_ = model.outputs;
    const bool traced = options_.graph == Graph::fixed;
    ISOJOULE_TRY(program_, Program::build(model, {device_, options_.half, traced}));
    if (!traced) {
      if (options_.save_module.empty()) return {};
      return fail(ErrorKind::invalid, "option save_module needs the static graph",
                  "Take graph static.");
    }
    return guarded([&] {
      const Tensors examples = example_inputs();
      std::vector<std::string> names;
      for (std::size_t i = 0; i < specs_.size(); ++i) names.push_back("input_" + std::to_string(i));
      module_ = traced_module(program_, examples, names);
      settle(*module_, examples, options_.save_module);
      program_ = Program();
    });
  }

  Status open_script() {
    if (options_.graph == Graph::dynamic)
      return fail(ErrorKind::unsupported, "graph dynamic: a TorchScript file is a graph already",
                  "Take graph static, or leave it away to run the file as it is.");
    auto loaded = guarded([&] { return loaded_module(file_, device_); });
    if (!loaded) return script_fault(loaded.error());
    module_ = std::move(*loaded);
    ISOJOULE_TRY(const auto open, guarded([&] { return open_specs(); }));
    ISOJOULE_TRY(specs_, resolve_inputs(open, job_.batch, common_));
    return guarded([&] {
      if (options_.half) module_->to(at::kHalf);
      if (options_.graph == Graph::fixed) settle(*module_, example_inputs(), options_.save_module);
    });
  }

  Status script_fault(const Error& error) const {
    if (is_out_of_memory(error)) return tl::unexpected<Error>(error);
    return fail(ErrorKind::parse,
                "not a TorchScript file that LibTorch " + torch_version() + " reads: " + error.what,
                "Write it with torch.jit.save(); a state_dict alone is no network.");
  }

  // The file names its inputs; their shapes and types are those of the options.
  std::vector<TensorSpec> open_specs() const {
    std::vector<TensorSpec> specs;
    for (const std::string& name : input_names(*module_)) {
      TensorSpec spec{name, ElementType::float32, {}};
      const auto shape = common_.shapes.find(name);
      if (shape == common_.shapes.end())
        throw Fault({ErrorKind::invalid,
                     "input '" + name + "': a TorchScript file does not say which shape it takes",
                     {},
                     "Give it with option shape." + name + "=1x3x224x224."});
      spec.shape = shape->second;
      const auto type = options_.types.find(name);
      if (type != options_.types.end()) spec.type = type->second;
      specs.push_back(std::move(spec));
    }
    return specs;
  }

  // Ones: an index that every table has, and nothing that becomes infinite.
  Tensors example_inputs() const {
    Tensors inputs;
    for (const TensorSpec& spec : specs_)
      inputs.push_back(at::ones(spec.shape, at::TensorOptions().dtype(scalar_type(spec.type))));
    return moved(inputs);
  }

  Result<std::vector<TensorSpec>> do_inputs() override { return specs_; }

  Status do_add_batch(std::vector<Tensor> batch) override {
    return guarded([&] {
      batches_.push_back(std::move(batch));
      views_.emplace_back();
      for (Tensor& tensor : batches_.back()) views_.back().push_back(view_of(tensor));
    });
  }

  // To where, and in the type in which, the network is computed.
  Tensors moved(const Tensors& host) const {
    Tensors inputs;
    inputs.reserve(host.size());
    for (const at::Tensor& input : host) {
      const bool halved = options_.half && input.scalar_type() == at::kFloat;
      inputs.push_back(input.to(device_, halved ? at::kHalf : input.scalar_type()));
    }
    return inputs;
  }

  Status do_run(std::size_t batch) override {
    return guarded([&] {
      const c10::InferenceMode no_gradients;
      const Tensors inputs = moved(views_.at(batch));
      outputs_ = module_ ? run_module(*module_, inputs) : program_.run(inputs);
      synchronise(device_);
    });
  }

  Result<std::vector<Tensor>> do_outputs() override {
    std::vector<Tensor> tensors;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const std::string name =
          i < output_names_.size() ? output_names_[i] : "output_" + std::to_string(i);
      ISOJOULE_TRY(auto copied, guarded([&] { return copy_of(outputs_[i], name, options_.half); }));
      ISOJOULE_TRY(Tensor tensor, std::move(copied));
      tensors.push_back(std::move(tensor));
    }
    return tensors;
  }

  Result<std::vector<LayerTime>> do_profile(std::int64_t batches) override {
    LayerTimes times(device_.is_cuda() ? "GPU" : "CPU");
    ISOJOULE_CHECK(guarded([&] {
      const c10::InferenceMode no_gradients;
      for (std::int64_t i = 0; i < batches; ++i) {
        const Tensors inputs = moved(views_.at(static_cast<std::size_t>(i) % views_.size()));
        synchronise(device_);
        times.begin_batch();
        if (module_)
          record_operators(
              times, [&] { run_module(*module_, inputs); }, [&] { synchronise(device_); });
        else
          time_steps(inputs, times);
      }
    }));
    return times.layers();
  }

  void time_steps(const Tensors& inputs, LayerTimes& times) {
    const std::vector<StepName> steps = program_.steps();
    Instant begin = worker_now();
    program_.run(inputs, [&](std::size_t i) {
      synchronise(device_);
      times.add(steps[i], (worker_now() - begin).seconds());
      begin = worker_now();
    });
  }

  void do_tear_down() override {
    outputs_.clear();
    views_.clear();
    batches_.clear();
    module_.reset();
    program_ = Program();
  }

  std::map<std::string, std::string> do_notes() const override {
    std::map<std::string, std::string> notes = {
        {"engine", "libtorch " + torch_version()},
        {"provider", device_.is_cuda() ? "CUDA" : "CPU"},
        {"threads", std::to_string(at::get_num_threads())},
        {"graph", options_.graph == Graph::fixed ? "static"
                  : module_                      ? "as in the file"
                                                 : "dynamic"},
        {"precision", options_.half ? "fp16" : "as in the file"}};
    if (!options_.loading.empty())
      notes["loading"] = options_.loading + (device_.is_cuda() ? "" : " (no effect without CUDA)");
    return notes;
  }

  const Job& job_;
  const CommonOptions& common_;
  Options options_;
  at::Device device_;
  std::vector<char> file_;
  std::vector<TensorSpec> specs_;
  std::vector<std::string> output_names_;
  Program program_;                           // op by op, or
  std::optional<torch::jit::Module> module_;  // as a graph
  std::vector<std::vector<Tensor>> batches_;
  std::vector<Tensors> views_;  // of batches_
  Tensors outputs_;
};

}  // namespace

Result<std::unique_ptr<WorkerNetwork>> open_network(const Job& job, const CommonOptions& common) {
  ISOJOULE_TRY(Options options, read_options(job));
  ISOJOULE_TRY(const at::Device device, prepare_device(job, options));
  return std::make_unique<TorchNetwork>(job, common, std::move(options), device);
}

}  // namespace isojoule::libtorch
