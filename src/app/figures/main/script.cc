#include "app/figures/main/script.h"

#include <jsc/jsc.h>

#include <stdexcept>

namespace isojoule::figures {
namespace {

// A reference to a GObject that goes with its scope.
template <typename T>
class Held {
 public:
  explicit Held(T* object) : object_(object) {}
  ~Held() {
    if (object_ != nullptr) g_object_unref(object_);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  T* get() const { return object_; }

 private:
  T* object_;
};

void check(JSCContext* context) {
  JSCException* exception = jsc_context_get_exception(context);
  if (exception == nullptr) return;
  char* report = jsc_exception_report(exception);
  const std::string words = report == nullptr ? "an exception without words" : report;
  g_free(report);
  jsc_context_clear_exception(context);
  throw std::runtime_error(words);
}

std::string text_of(JSCContext* context, JSCValue* value) {
  GBytes* bytes = jsc_value_to_string_as_bytes(value);
  check(context);
  gsize size = 0;
  const auto* data = static_cast<const char*>(g_bytes_get_data(bytes, &size));
  std::string text(data, size);
  g_bytes_unref(bytes);
  return text;
}

}  // namespace

struct PaperScript::Engine {
  Held<JSCContext> context{jsc_context_new()};

  JSCValue* string(const std::string& text) const {
    GBytes* bytes = g_bytes_new_static(text.data(), text.size());
    JSCValue* value = jsc_value_new_string_from_bytes(context.get(), bytes);
    g_bytes_unref(bytes);
    return value;
  }

  std::string call(const char* function, JSCValue* a, JSCValue* b) const {
    const Held<JSCValue> global(jsc_context_get_global_object(context.get()));
    const Held<JSCValue> api(jsc_value_object_get_property(global.get(), "isojoulePaper"));
    check(context.get());
    JSCValue* arguments[] = {a, b};
    const Held<JSCValue> answer(
        jsc_value_object_invoke_methodv(api.get(), function, b == nullptr ? 1 : 2, arguments));
    check(context.get());
    return text_of(context.get(), answer.get());
  }
};

PaperScript::PaperScript() : engine_(new Engine) {
  const std::string_view script = paper_script();
  const Held<JSCValue> done(jsc_context_evaluate_with_source_uri(
      engine_->context.get(), script.data(), static_cast<gssize>(script.size()), "paper.js", 1));
  check(engine_->context.get());
}

PaperScript::~PaperScript() { delete engine_; }

std::string PaperScript::open(const std::string& study_json, const std::string& options_json) {
  const Held<JSCValue> study(engine_->string(study_json)), options(engine_->string(options_json));
  return engine_->call("open", study.get(), options.get());
}

std::string PaperScript::draw(unsigned figure) {
  const Held<JSCValue> number(jsc_value_new_number(engine_->context.get(), figure));
  return engine_->call("draw", number.get(), nullptr);
}

}  // namespace isojoule::figures
