// Package onnx reads and writes the messages of ONNX files that hold neural
// networks, by the numbers of onnx.proto. It knows nothing of what the
// operators compute.
//
// What is read shares the bytes it is read from, so a model takes little more
// memory than its file. Messages are nested to a fixed depth: the graphs inside
// operators such as If are passed over.
package onnx
