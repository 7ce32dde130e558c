#include "engine/onnxruntime/worker/inference.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>
#include <stdexcept>

#include "base/text.h"
#include "engine/onnxruntime/worker/tensors.h"

namespace isojoule {
namespace {

Result<std::vector<char>> read_model(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (size < 0)
    return fail(ErrorKind::not_found, "model file " + path + " cannot be opened",
                "Give the path of an ONNX file.");
  std::vector<char> bytes(static_cast<std::size_t>(size));
  file.seekg(0);
  if (!file.read(bytes.data(), size))
    return fail(ErrorKind::io, "model file " + path + " cannot be read to its end");
  return bytes;
}

Ort::SessionOptions session_options(const Job& job, const EngineOptions& options) {
  Ort::SessionOptions session;
  session.SetGraphOptimizationLevel(options.optimisation);
  if (job.threads > 0) session.SetIntraOpNumThreads(static_cast<int>(job.threads));
  session.SetExecutionMode(ORT_SEQUENTIAL);
  session.AddConfigEntry("session.intra_op.allow_spinning", options.spinning ? "1" : "0");
  // A model from memory does not know where its external weights lie.
  const std::string folder = std::filesystem::path(job.model_path).parent_path().string();
  session.AddConfigEntry("session.model_external_initializers_file_folder_path",
                         folder.empty() ? "." : folder.c_str());
  return session;
}

class Inference {
 public:
  Inference(const Job& job, EngineOptions options, WorkerChannel& channel)
      : job_(job),
        options_(std::move(options)),
        channel_(channel),
        environment_(ORT_LOGGING_LEVEL_ERROR, "isojoule") {}

  Status run() {
    ISOJOULE_CHECK(open());
    ISOJOULE_CHECK(make_inputs());
    note_settings();
    warm_up();
    infer();
    ISOJOULE_CHECK(check_outputs());
    channel_.phase_begin(PhaseKind::tear_down);
    outputs_.clear();
    values_.clear();
    inputs_.clear();
    session_ = Ort::Session(nullptr);
    channel_.phase_end(PhaseKind::tear_down);
    return {};
  }

 private:
  Status open() {
    channel_.phase_begin(PhaseKind::load);
    ISOJOULE_TRY(const std::vector<char> model, read_model(job_.model_path));
    channel_.phase_end(PhaseKind::load);
    channel_.phase_begin(PhaseKind::graph_initialisation);
    session_ =
        Ort::Session(environment_, model.data(), model.size(), session_options(job_, options_));
    channel_.phase_end(PhaseKind::graph_initialisation);
    return {};
  }

  Status read_specs() {
    Ort::AllocatorWithDefaultOptions allocator;
    for (std::size_t i = 0; i < session_.GetInputCount(); ++i) {
      InputSpec spec;
      spec.name = session_.GetInputNameAllocated(i, allocator).get();
      const Ort::TypeInfo type = session_.GetInputTypeInfo(i);
      if (type.GetONNXType() != ONNX_TYPE_TENSOR)
        return fail(ErrorKind::unsupported, "input '" + spec.name + "' is not a tensor",
                    "Use a model whose inputs are tensors.");
      const auto tensor = type.GetTensorTypeAndShapeInfo();
      spec.type = tensor.GetElementType();
      spec.shape = tensor.GetShape();
      specs_.push_back(std::move(spec));
    }
    for (std::size_t i = 0; i < session_.GetOutputCount(); ++i)
      output_names_.emplace_back(session_.GetOutputNameAllocated(i, allocator).get());
    return {};
  }

  Status check_option_names() const {
    std::vector<std::string> names;
    for (const InputSpec& spec : specs_) names.push_back(spec.name);
    const auto known = [&](const std::string& option, const std::string& name) -> Status {
      if (std::find(names.begin(), names.end(), name) != names.end()) return {};
      return fail(ErrorKind::not_found, "option " + option + name + ": the model has no such input",
                  unknown_name_remedy(name, names));
    };
    for (const auto& [name, shape] : options_.shapes) ISOJOULE_CHECK(known("shape.", name));
    for (const auto& [name, limit] : options_.limits) ISOJOULE_CHECK(known("limit.", name));
    return {};
  }

  Status make_inputs() {
    ISOJOULE_CHECK(read_specs());
    ISOJOULE_CHECK(check_option_names());
    for (const InputSpec& spec : specs_) {
      ISOJOULE_TRY(const auto shape, resolve_shape(spec, job_.batch, options_));
      ISOJOULE_TRY(InputTensor tensor, make_input(spec, shape, job_.seed, options_));
      channel_.note("input " + spec.name, shape_words(shape));
      values_.push_back(std::move(tensor.value));
      inputs_.push_back(std::move(tensor.data));  // the bytes stay where they are
    }
    for (const InputSpec& spec : specs_) input_pointers_.push_back(spec.name.c_str());
    for (const std::string& name : output_names_) output_pointers_.push_back(name.c_str());
    return {};
  }

  void note_settings() {
    channel_.note("provider", "CPU");
    channel_.note("threads", job_.threads > 0 ? std::to_string(job_.threads) : "engine's choice");
    channel_.note("optimisation", options_.optimisation_name);
    channel_.note("spinning", options_.spinning ? "on" : "off");
  }

  void run_batch() {
    outputs_ = session_.Run(run_options_, input_pointers_.data(), values_.data(), values_.size(),
                            output_pointers_.data(), output_pointers_.size());
  }

  void warm_up() {
    if (job_.warmup_batches == 0) return;
    channel_.phase_begin(PhaseKind::warm_up);
    for (std::int64_t i = 0; i < job_.warmup_batches; ++i) run_batch();
    channel_.phase_end(PhaseKind::warm_up);
  }

  void infer() {
    const std::int64_t batches = (job_.inferences + job_.batch - 1) / job_.batch;
    channel_.expect_marks(static_cast<std::size_t>(batches));
    channel_.phase_begin(PhaseKind::inference);
    for (std::int64_t i = 0; i < batches; ++i) {
      const Instant begin = worker_now();
      run_batch();
      channel_.mark(begin, worker_now());
    }
    channel_.phase_end(PhaseKind::inference);
  }

  Status check_outputs() const {
    for (std::size_t i = 0; i < outputs_.size(); ++i)
      if (!is_finite(outputs_[i]))
        return fail(ErrorKind::engine,
                    "output '" + output_names_[i] + "' holds values that are not finite",
                    "Look at the model's weights, or try option optimisation=disable.");
    return {};
  }

  const Job& job_;
  EngineOptions options_;
  WorkerChannel& channel_;
  Ort::Env environment_;
  Ort::Session session_{nullptr};
  Ort::RunOptions run_options_{nullptr};
  std::vector<InputSpec> specs_;
  std::vector<std::string> output_names_;
  std::vector<const char*> input_pointers_, output_pointers_;
  std::vector<std::vector<std::byte>> inputs_;
  std::vector<Ort::Value> values_, outputs_;
};

constexpr const char* kMemoryRemedy = "Take a smaller batch or network, or end other programs.";

tl::unexpected<Error> from_exception(const Ort::Exception& exception) {
  const std::string text = exception.what();
  // onnxruntime/core/framework: bfc_arena.cc and allocator.cc word a failed allocation so.
  for (const char* sign : {"Failed to allocate memory", "bad_alloc", "out of memory"})
    if (text.find(sign) != std::string::npos)
      return fail(ErrorKind::engine, "out of memory: " + text, kMemoryRemedy);
  switch (exception.GetOrtErrorCode()) {
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH:
    case ORT_NO_MODEL:
      return fail(ErrorKind::parse, "not a model that ONNX Runtime reads: " + text,
                  "Check the file: it may be cut short, or not ONNX.");
    case ORT_NOT_IMPLEMENTED: return fail(ErrorKind::unsupported, text);
    default: return fail(ErrorKind::engine, text);
  }
}

}  // namespace

Status run_job(const Job& job, WorkerChannel& channel) {
  ISOJOULE_TRY(EngineOptions options, read_options(job.options));
  try {
    return Inference(job, std::move(options), channel).run();
  } catch (const Ort::Exception& exception) {
    return from_exception(exception);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::engine, "out of memory: no room for the model or its inputs",
                kMemoryRemedy);
  } catch (const std::length_error&) {
    return fail(ErrorKind::engine, "out of memory: an input larger than any memory", kMemoryRemedy);
  }
}

}  // namespace isojoule
