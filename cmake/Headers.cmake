# The public headers: what is installed, and what the tests look at.
file(GLOB_RECURSE WHYCAM_HEADERS CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/*.h)
set(WHYCAM_HEADERS_WITH_LIBTORCH explanation export graph guided_backprop guided_grad_cam input_attribution interpolation layer layer_grad_cam model module
  options picture/tensor tap tensor_target torch torch_tensor trust)
list(TRANSFORM WHYCAM_HEADERS_WITH_LIBTORCH REPLACE "(.+)" "whycam/\\1.h")
set(WHYCAM_HEADERS_WITHOUT_LIBTORCH ${WHYCAM_HEADERS})
list(REMOVE_ITEM WHYCAM_HEADERS_WITHOUT_LIBTORCH ${WHYCAM_HEADERS_WITH_LIBTORCH})
if(NOT WHYCAM_TORCH)
  set(WHYCAM_HEADERS ${WHYCAM_HEADERS_WITHOUT_LIBTORCH})
endif()
