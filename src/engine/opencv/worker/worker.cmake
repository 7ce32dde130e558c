# OpenCV of the system, 4.1 or later. Its own CMake files find what it was built with; a static program
# has none of that.
if(ISOJOULE_STATIC)
  set(worker_skip "OpenCV is a library of the machine; a static build has none")
else()
  find_package(OpenCV QUIET COMPONENTS core dnn imgproc)
  if(NOT OpenCV_FOUND)
    set(worker_skip "no OpenCV with its DNN module (libopencv-dev)")
  else()
    target_include_directories(${worker} SYSTEM PRIVATE ${OpenCV_INCLUDE_DIRS} ${Protobuf_INCLUDE_DIRS})
    target_compile_definitions(${worker} PRIVATE ONNX_ML=1 ONNX_NAMESPACE=onnx)
    target_link_options(${worker} PRIVATE -Wl,--as-needed)
    target_link_libraries(${worker} PRIVATE isojoule opencv_dnn opencv_core
                          ${ONNX_LIBRARY} ${ONNX_PROTO_LIBRARY} ${Protobuf_LIBRARIES})
  endif()
endif()
