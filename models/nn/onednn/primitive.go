//go:build onednn && cgo

package onednn

// #include "dnnl_conv.h"
import "C"

import "errors"

// primitive is a convolution by oneDNN. It is an [algorithm].
type primitive struct {
	c *conv
	p *C.otf_dnnl_conv
}

func (c *conv) primitive(d direction, winograd bool) (algorithm, error) {
	geometry := c.geometry()
	p := &primitive{c: c}
	status := C.otf_dnnl_conv_new(&p.p, c.e.dnnl, &geometry, C.int(d), truth(winograd))
	if err := statusError(status); err != nil {
		p.free()
		return nil, err
	}
	return p, nil
}

func (p *primitive) run(o operands) error {
	if err := statusError(C.otf_dnnl_conv_run(p.p, o.x, o.w, o.b, o.y)); err != nil || o.mask == nil {
		return err
	}
	s := p.c.spec
	C.otf_relu_grad(p.c.e.workers, o.x, o.x, o.mask, elements(s.In, s.Plain), p.c.e.precisionOf(s.Plain))
	return nil
}

func (p *primitive) free() { C.otf_dnnl_conv_free(p.p) }

// statusError is the error of a oneDNN status, nil for success.
func statusError(status C.int) error {
	if status == 0 {
		return nil
	}
	return errors.New(C.GoString(C.otf_dnnl_status(status)))
}
