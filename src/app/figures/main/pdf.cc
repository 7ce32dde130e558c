#include "app/figures/main/pdf.h"

#include <cairo-pdf.h>
#include <librsvg/rsvg.h>

#include <memory>
#include <stdexcept>

namespace isojoule::figures {
namespace {

constexpr double kPointsPerMm = 72 / 25.4;

struct Unreference {
  void operator()(void* object) const { g_object_unref(object); }
};
using Handle = std::unique_ptr<RsvgHandle, Unreference>;
using Surface = std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)>;
using Context = std::unique_ptr<cairo_t, decltype(&cairo_destroy)>;

[[noreturn]] void throw_error(GError* error) {
  const std::string words = error == nullptr ? "no reason was given" : error->message;
  g_clear_error(&error);
  throw std::runtime_error("librsvg: " + words);
}

void check(cairo_status_t status) {
  if (status != CAIRO_STATUS_SUCCESS)
    throw std::runtime_error(std::string("cairo: ") + cairo_status_to_string(status));
}

// Without the usual limits of libxml2: the drawing is our own, and names in it may be long.
Handle read_svg(const std::string& svg) {
  const std::unique_ptr<GInputStream, Unreference> stream(
      g_memory_input_stream_new_from_data(svg.data(), static_cast<gssize>(svg.size()), nullptr));
  GError* error = nullptr;
  RsvgHandle* handle = rsvg_handle_new_from_stream_sync(
      stream.get(), nullptr, RSVG_HANDLE_FLAG_UNLIMITED, nullptr, &error);
  if (handle == nullptr) throw_error(error);
  return Handle(handle);
}

cairo_status_t append(void* text, const unsigned char* data, unsigned int size) {
  static_cast<std::string*>(text)->append(data, data + size);
  return CAIRO_STATUS_SUCCESS;
}

void describe(cairo_surface_t* surface, const PdfInfo& info) {
  const auto set = [surface](cairo_pdf_metadata_t key, const std::string& text) {
    if (!text.empty()) cairo_pdf_surface_set_metadata(surface, key, text.c_str());
  };
  set(CAIRO_PDF_METADATA_TITLE, info.title);
  set(CAIRO_PDF_METADATA_SUBJECT, info.subject);
  set(CAIRO_PDF_METADATA_CREATOR, info.creator);
  set(CAIRO_PDF_METADATA_CREATE_DATE, info.created);
}

}  // namespace

std::string pdf_of_svg(const std::string& svg, const PdfInfo& info) {
  const Handle handle = read_svg(svg);
  const double width = info.width_mm * kPointsPerMm, height = info.height_mm * kPointsPerMm;
  std::string pdf;
  const Surface surface(cairo_pdf_surface_create_for_stream(append, &pdf, width, height),
                        cairo_surface_destroy);
  describe(surface.get(), info);
  {
    const Context context(cairo_create(surface.get()), cairo_destroy);
    const RsvgRectangle page = {0, 0, width, height};
    GError* error = nullptr;
    if (!rsvg_handle_render_document(handle.get(), context.get(), &page, &error))
      throw_error(error);
    check(cairo_status(context.get()));
  }
  cairo_surface_finish(surface.get());
  check(cairo_surface_status(surface.get()));
  return pdf;
}

}  // namespace isojoule::figures
