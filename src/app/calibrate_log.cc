// The part of calibrate that needs a reader of logs.
#include "app/calibrate.h"

namespace isojoule {

Result<CalibrateResult> calibrate(const Paths& paths, const CalibrateRequest& request) {
  ImportOptions options = request.import;
  options.gain_uncertainty = request.meter.gain_uncertainty;
  options.offset_uncertainty = request.meter.offset_uncertainty;
  ISOJOULE_TRY(const Log log, read_log(request.log_path, options));
  return calibrate(paths, request, log);
}

}  // namespace isojoule
