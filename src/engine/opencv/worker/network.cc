#include "engine/opencv/worker/network.h"

#include <algorithm>
#include <climits>
#include <cstring>

#include "base/text.h"
#include "engine/opencv/worker/guarded.h"
#include "engine/opencv/worker/model.h"
#include "engine/opencv/worker/profile.h"

namespace isojoule {
namespace {

struct Device {
  cv::dnn::Backend backend = cv::dnn::DNN_BACKEND_OPENCV;
  cv::dnn::Target target = cv::dnn::DNN_TARGET_CPU;
  const char* name = "CPU";
};

Result<Device> device_for(const Job& job) {
  const bool half = job.precision == "fp16";
  if (job.accelerator != "gpu") {
    if (!half) return Device{};
    return fail(ErrorKind::unsupported, "OpenCV computes in fp32 on the CPU, not in fp16",
                "Leave the precision away, or take accelerator gpu where OpenCV has CUDA.");
  }
  const Device gpu{cv::dnn::DNN_BACKEND_CUDA,
                   half ? cv::dnn::DNN_TARGET_CUDA_FP16 : cv::dnn::DNN_TARGET_CUDA,
                   half ? "CUDA, fp16" : "CUDA"};
  const auto targets = cv::dnn::getAvailableTargets(gpu.backend);
  if (std::find(targets.begin(), targets.end(), gpu.target) != targets.end()) return gpu;
  return fail(ErrorKind::unsupported,
              "OpenCV " CV_VERSION " here has no " + std::string(gpu.name) +
                  ": it was built without it, or finds no device",
              "Take accelerator cpu, or build OpenCV with WITH_CUDA and OPENCV_DNN_CUDA.");
}

// Looks into the tensor's bytes.
Result<cv::Mat> view_of(Tensor& tensor) {
  std::vector<int> sizes;
  for (const std::int64_t size : tensor.spec.shape) {
    if (size > INT_MAX)
      return fail(ErrorKind::out_of_range,
                  "input '" + tensor.spec.name + "' (" + shape_words(tensor.spec.shape) +
                      ") is beyond what OpenCV can count",
                  "Take a smaller batch.");
    sizes.push_back(static_cast<int>(size));
  }
  return cv::Mat(sizes, CV_32F, tensor.data.data());
}

// OpenCV has no array of fewer than two dimensions: those that the model does not declare go.
std::vector<std::int64_t> shape_of(const cv::Mat& value, const TensorSpec* declared) {
  std::vector<std::int64_t> shape(value.size.p, value.size.p + value.dims);
  while (declared != nullptr && shape.size() > declared->shape.size() && shape.back() == 1)
    shape.pop_back();
  return shape;
}

Result<Tensor> tensor_of(const cv::Mat& value, const std::string& name,
                         const TensorSpec* declared) {
  Tensor tensor;
  tensor.spec.name = name;
  tensor.spec.shape = shape_of(value, declared);
  switch (value.type()) {
    case CV_32F: tensor.spec.type = ElementType::float32; break;
    case CV_32S: tensor.spec.type = ElementType::int32; break;
    case CV_8S: tensor.spec.type = ElementType::int8; break;
    default:
      return fail(ErrorKind::unsupported,
                  "output '" + name + "' is of OpenCV's type " + cv::typeToString(value.type()),
                  "Use a model whose outputs are floats.");
  }
  const cv::Mat whole = value.isContinuous() ? value : value.clone();
  tensor.data.resize(whole.total() * whole.elemSize());
  if (!tensor.data.empty()) std::memcpy(tensor.data.data(), whole.data, tensor.data.size());
  return tensor;
}

class OpenCvNetwork final : public WorkerNetwork {
 public:
  OpenCvNetwork(const Job& job, const CommonOptions& common, Device device)
      : job_(job), common_(common), device_(device) {}

 private:
  bool fuses() const { return job_.graph != "dynamic"; }

  Status do_load() override {
    ISOJOULE_TRY(bytes_, load_model(job_.model_path));
    return {};
  }

  Status do_initialise() override {
    if (job_.threads > 0) cv::setNumThreads(static_cast<int>(job_.threads));
    const bool darknet = !bytes_.structure.empty();
    ISOJOULE_TRY(
        model_, darknet ? build_darknet(bytes_, job_, common_) : build_onnx(bytes_, job_, common_));
    bytes_ = {};
    return guarded(ErrorKind::unsupported, [&]() -> Status {
      model_.net.setPreferableBackend(device_.backend);
      model_.net.setPreferableTarget(device_.target);
      model_.net.enableFusion(fuses());
      choose_outputs();
      return {};
    });
  }

  // By the model's names where OpenCV knows them all, else by its own.
  void choose_outputs() {
    for (const TensorSpec& output : model_.outputs)
      if (model_.net.getLayerId(output.name) >= 0) output_names_.push_back(output.name);
    if (output_names_.size() == model_.outputs.size() && !output_names_.empty()) return;
    const auto names = model_.net.getUnconnectedOutLayersNames();
    output_names_.assign(names.begin(), names.end());
    if (!model_.outputs.empty())
      model_.notes["outputs"] = "by OpenCV's names: " + join(output_names_, ", ");
  }

  Result<std::vector<TensorSpec>> do_inputs() override { return model_.inputs; }

  Status do_add_batch(std::vector<Tensor> batch) override {
    return guarded(ErrorKind::engine, [&]() -> Status {
      batches_.push_back(std::move(batch));
      views_.emplace_back();
      for (Tensor& tensor : batches_.back()) {
        ISOJOULE_TRY(cv::Mat view, view_of(tensor));
        views_.back().push_back(std::move(view));
      }
      return {};
    });
  }

  Status do_run(std::size_t batch) override {
    return guarded(ErrorKind::unsupported, [&]() -> Status {
      for (std::size_t i = 0; i < views_[batch].size(); ++i)
        model_.net.setInput(views_[batch][i], model_.inputs[i].name);
      model_.net.forward(values_, output_names_);
      return {};
    });
  }

  Result<std::vector<Tensor>> do_outputs() override {
    return guarded(ErrorKind::engine, [&]() -> Result<std::vector<Tensor>> {
      std::vector<Tensor> tensors;
      for (std::size_t i = 0; i < values_.size(); ++i) {
        const auto declared =
            std::find_if(model_.outputs.begin(), model_.outputs.end(),
                         [&](const TensorSpec& spec) { return spec.name == output_names_[i]; });
        ISOJOULE_TRY(Tensor tensor,
                     tensor_of(values_[i], output_names_[i],
                               declared == model_.outputs.end() ? nullptr : &*declared));
        tensors.push_back(std::move(tensor));
      }
      return tensors;
    });
  }

  // Of every batch OpenCV keeps its layers' times, whether they are asked for or not.
  Result<std::vector<LayerTime>> do_profile(std::int64_t batches) override {
    if (device_.target != cv::dnn::DNN_TARGET_CPU)
      return fail(ErrorKind::unsupported,
                  "OpenCV times its layers on the CPU only; on CUDA it would be their launch");
    return guarded(ErrorKind::engine, [&]() -> Result<std::vector<LayerTime>> {
      std::vector<std::vector<double>> ticks;
      for (std::int64_t i = 0; i < batches; ++i) {
        ISOJOULE_CHECK(run(static_cast<std::size_t>(i) % batches_.size()));
        ticks.emplace_back();
        model_.net.getPerfProfile(ticks.back());
      }
      return layer_times(model_.net, ticks, model_.operations);
    });
  }

  void do_tear_down() override {
    values_.clear();
    views_.clear();
    batches_.clear();
    model_ = {};
  }

  std::map<std::string, std::string> do_notes() const override {
    std::map<std::string, std::string> notes = model_.notes;
    notes["engine"] = "opencv " CV_VERSION;
    notes["provider"] = device_.name;
    notes["threads"] = std::to_string(cv::getNumThreads());
    notes["fusion"] = fuses() ? "on" : "off";
    return notes;
  }

  const Job& job_;
  const CommonOptions& common_;
  Device device_;
  ModelBytes bytes_;
  BuiltModel model_;
  std::vector<std::string> output_names_;
  std::vector<std::vector<Tensor>> batches_;
  std::vector<std::vector<cv::Mat>> views_;  // of batches_
  std::vector<cv::Mat> values_;              // of the last run
};

}  // namespace

Result<std::unique_ptr<WorkerNetwork>> open_network(const Job& job, const CommonOptions& common) {
  if (!job.options.empty())
    return fail(
        ErrorKind::not_found, "engine opencv has no option '" + job.options.begin()->first + "'",
        unknown_name_remedy(job.options.begin()->first, {"shape.INPUT", "limit.INPUT", "timeout_s",
                                                         "memory_limit_mib", "save_outputs"}));
  return guarded(ErrorKind::engine, [&]() -> Result<std::unique_ptr<WorkerNetwork>> {
    ISOJOULE_TRY(const Device device, device_for(job));
    return std::make_unique<OpenCvNetwork>(job, common, device);
  });
}

}  // namespace isojoule
