// The layered predictor with terms left out: what bench/family_error asks for, to tell what each
// term is worth. Everybody else fits predictor_kind_layered(), which takes all of them.
#pragma once

#include "predict/layered/sum_model.h"
#include "predict/predictor.h"

namespace isojoule::layered {

// batch_term is always used. Errors as PredictorKind::fit.
Result<std::unique_ptr<const Predictor>> fit_with(Observations observations,
                                                  const FitOptions& options, const TermSet& used);

}  // namespace isojoule::layered
