#include "engine/onnxruntime/worker/network.h"

#include <algorithm>
#include <filesystem>

#include "base/file_tree.h"
#include "base/text.h"
#include "base/text_file.h"
#include "engine/onnxruntime/worker/options.h"
#include "engine/onnxruntime/worker/profile.h"
#include "engine/onnxruntime/worker/tensors.h"
#include "engine/worker_run.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;

template <typename Work>
auto guarded(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const Ort::Exception& exception) {
    return tl::unexpected<Error>(error_of(exception));
  }
}

// The runtime's options of both GPU providers are pairs of texts.
Status add_cuda(Ort::SessionOptions& session) {
  const OrtApi& api = Ort::GetApi();
  OrtCUDAProviderOptionsV2* options = nullptr;
  Ort::ThrowOnError(api.CreateCUDAProviderOptions(&options));
  const std::unique_ptr<OrtCUDAProviderOptionsV2, void (*)(OrtCUDAProviderOptionsV2*)> owner(
      options, api.ReleaseCUDAProviderOptions);
  Ort::ThrowOnError(api.SessionOptionsAppendExecutionProvider_CUDA_V2(session, options));
  return {};
}

Status add_tensorrt(Ort::SessionOptions& session, const EngineOptions& chosen) {
  const OrtApi& api = Ort::GetApi();
  OrtTensorRTProviderOptionsV2* options = nullptr;
  Ort::ThrowOnError(api.CreateTensorRTProviderOptions(&options));
  const std::unique_ptr<OrtTensorRTProviderOptionsV2, void (*)(OrtTensorRTProviderOptionsV2*)>
      owner(options, api.ReleaseTensorRTProviderOptions);
  const char* keys[] = {"trt_fp16_enable", "trt_int8_enable"};
  const char* values[] = {chosen.half ? "1" : "0", chosen.whole_numbers ? "1" : "0"};
  Ort::ThrowOnError(api.UpdateTensorRTProviderOptions(options, keys, values, 2));
  Ort::ThrowOnError(api.SessionOptionsAppendExecutionProvider_TensorRT_V2(session, options));
  return {};
}

class OnnxRuntimeNetwork final : public WorkerNetwork {
 public:
  OnnxRuntimeNetwork(const Job& job, const CommonOptions& common, EngineOptions options,
                     Runtime runtime)
      : job_(job),
        common_(common),
        options_(std::move(options)),
        runtime_(std::move(runtime)),
        environment_(ORT_LOGGING_LEVEL_ERROR, "isojoule") {}

 private:
  Status do_load() override {
    ISOJOULE_TRY(model_, read_model(job_.model_path));
    return {};
  }

  Status do_initialise() override {
    Status made = guarded([&]() -> Status {
      ISOJOULE_TRY(const Ort::SessionOptions options, session_options());
      session_ = Ort::Session(environment_, model_.data(), model_.size(), options);
      if (job_.profile_batches == 0) std::vector<char>().swap(model_);
      return read_outputs();
    });
    if (!made && made.error().kind == ErrorKind::parse)
      made.error().what.insert(0, job_.model_path + ": ");
    return made;
  }

  Result<Ort::SessionOptions> session_options() const {
    Ort::SessionOptions session;
    session.SetGraphOptimizationLevel(options_.optimisation);
    if (job_.threads > 0) session.SetIntraOpNumThreads(static_cast<int>(job_.threads));
    session.SetExecutionMode(ORT_SEQUENTIAL);
    session.AddConfigEntry("session.intra_op.allow_spinning", options_.spinning ? "1" : "0");
    // A model from memory does not know where its external weights lie.
    const std::string folder = fs::path(job_.model_path).parent_path().string();
    session.AddConfigEntry("session.model_external_initializers_file_folder_path",
                           folder.empty() ? "." : folder.c_str());
    if (options_.provider != Provider::cpu) ISOJOULE_CHECK(add_providers(session));
    return session;
  }

  // The library may know a provider whose own library, or the device's, is not there.
  Status add_providers(Ort::SessionOptions& session) const {
    const Status added = guarded([&]() -> Status {
      if (options_.provider == Provider::tensorrt) ISOJOULE_CHECK(add_tensorrt(session, options_));
      return add_cuda(session);
    });
    if (added) return {};
    return fail(
        ErrorKind::unsupported,
        std::string(name_of(options_.provider)) + " cannot be used here: " + added.error().what,
        "It needs the device, its driver, CUDA's libraries and the provider's own library "
        "beside " +
            runtime_.path + ".");
  }

  Status read_outputs() {
    Ort::AllocatorWithDefaultOptions allocator;
    for (std::size_t i = 0; i < session_.GetOutputCount(); ++i)
      output_names_.emplace_back(session_.GetOutputNameAllocated(i, allocator).get());
    for (const std::string& name : output_names_) output_pointers_.push_back(name.c_str());
    return {};
  }

  Result<std::vector<TensorSpec>> do_inputs() override {
    return guarded([&]() -> Result<std::vector<TensorSpec>> {
      Ort::AllocatorWithDefaultOptions allocator;
      std::vector<TensorSpec> specs;
      for (std::size_t i = 0; i < session_.GetInputCount(); ++i) {
        TensorSpec spec;
        spec.name = session_.GetInputNameAllocated(i, allocator).get();
        const Ort::TypeInfo type = session_.GetInputTypeInfo(i);
        if (type.GetONNXType() != ONNX_TYPE_TENSOR)
          return fail(ErrorKind::unsupported, "input '" + spec.name + "' is not a tensor",
                      "Use a model whose inputs are tensors.");
        const auto tensor = type.GetTensorTypeAndShapeInfo();
        ISOJOULE_TRY(spec.type, element_type(tensor.GetElementType(), spec.name));
        spec.shape = tensor.GetShape();
        specs.push_back(std::move(spec));
      }
      ISOJOULE_TRY(auto closed, resolve_inputs(specs, job_.batch, common_));
      for (const TensorSpec& spec : closed) input_names_.push_back(spec.name);
      for (const std::string& name : input_names_) input_pointers_.push_back(name.c_str());
      return closed;
    });
  }

  Status do_add_batch(std::vector<Tensor> batch) override {
    return guarded([&]() -> Status {
      batches_.push_back(std::move(batch));
      values_.emplace_back();
      for (Tensor& tensor : batches_.back()) values_.back().push_back(view_of(tensor));
      return {};
    });
  }

  // Outputs are wanted in the host's memory: a device is synchronised before Run returns.
  Status run_in(Ort::Session& session, std::size_t batch) {
    outputs_ = session.Run(run_options_, input_pointers_.data(), values_[batch].data(),
                           values_[batch].size(), output_pointers_.data(), output_pointers_.size());
    return {};
  }
  Status do_run(std::size_t batch) override {
    return guarded([&] { return run_in(session_, batch); });
  }

  Result<std::vector<Tensor>> do_outputs() override {
    return guarded([&]() -> Result<std::vector<Tensor>> {
      std::vector<Tensor> tensors;
      for (std::size_t i = 0; i < outputs_.size(); ++i) {
        ISOJOULE_TRY(Tensor tensor, tensor_of(outputs_[i], output_names_[i]));
        tensors.push_back(std::move(tensor));
      }
      return tensors;
    });
  }

  // Profiling is a property of a session, so a second one is made.
  Result<std::vector<LayerTime>> do_profile(std::int64_t batches) override {
    constexpr std::size_t kSkipped = 1;
    std::string folder = (fs::temp_directory_path() / "isojoule_profile_XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr)
      return tl::unexpected<Error>(
          error_from_errno(errno, folder, "make a folder for the profile"));
    const auto found = guarded([&]() -> Result<std::vector<LayerTime>> {
      ISOJOULE_TRY(Ort::SessionOptions options, session_options());
      options.EnableProfiling((folder + "/profile").c_str());
      Ort::Session session(environment_, model_.data(), model_.size(), options);
      for (std::size_t i = 0; i < static_cast<std::size_t>(batches) + kSkipped; ++i)
        ISOJOULE_CHECK(run_in(session, i % batches_.size()));
      Ort::AllocatorWithDefaultOptions allocator;
      ISOJOULE_TRY(const std::string json,
                   read_text_file(session.EndProfilingAllocated(allocator).get()));
      return layer_times(json, kSkipped);
    });
    std::error_code ignored;  // what is left of a temporary folder does no harm
    fs::remove_all(folder, ignored);
    return found;
  }

  void do_tear_down() override {
    outputs_.clear();
    values_.clear();
    batches_.clear();
    session_ = Ort::Session(nullptr);
  }

  std::map<std::string, std::string> do_notes() const override {
    return {{"engine", "onnxruntime " + runtime_.version},
            {"library", runtime_.path},
            {"provider", options_.provider == Provider::cpu    ? "CPU"
                         : options_.provider == Provider::cuda ? "CUDA"
                                                               : "TensorRT"},
            {"threads", job_.threads > 0 ? std::to_string(job_.threads) : "engine's choice"},
            {"optimisation", options_.optimisation_name},
            {"spinning", options_.spinning ? "on" : "off"}};
  }

  const Job& job_;
  const CommonOptions& common_;
  EngineOptions options_;
  Runtime runtime_;
  Ort::Env environment_;
  std::vector<char> model_;
  Ort::Session session_{nullptr};
  Ort::RunOptions run_options_{nullptr};
  std::vector<std::string> input_names_, output_names_;
  std::vector<const char*> input_pointers_, output_pointers_;
  std::vector<std::vector<Tensor>> batches_;
  std::vector<std::vector<Ort::Value>> values_;  // views of batches_
  std::vector<Ort::Value> outputs_;
};

}  // namespace

Result<std::unique_ptr<WorkerNetwork>> open_network(const Job& job, const CommonOptions& common,
                                                    Runtime runtime) {
  ISOJOULE_TRY(EngineOptions options, read_options(job));
  if (options.provider != Provider::cpu) {
    const std::vector<std::string> there = Ort::GetAvailableProviders();
    const std::string wanted = name_of(options.provider);
    if (std::find(there.begin(), there.end(), wanted) == there.end())
      return fail(
          ErrorKind::unsupported,
          "the ONNX Runtime library here has no " + wanted + ": it has " + join(there, ", "),
          "Name one that has it in ISOJOULE_ONNXRUNTIME (NVIDIA's own builds for Jetson, "
          "or the GPU packages).",
          runtime.path);
  }
  return guarded([&]() -> Result<std::unique_ptr<WorkerNetwork>> {
    return std::make_unique<OnnxRuntimeNetwork>(job, common, std::move(options),
                                                std::move(runtime));
  });
}

}  // namespace isojoule
