// The one place that includes ONNX Runtime: without its static initialisation, because the library
// is loaded by us, and its function table is set by load_runtime().
#pragma once

#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>
