;; Inner products of one vector with many, four numbers at a time, which JavaScript cannot do. Assembled into
;; inner-products.wasm.ts by scripts/assemble.mjs; a test compares them. Not here: where vectors lie, and which are best.
(module
  (import "engram" "memory" (memory 1))

  ;; out[i] = query · vectors[rows[i]] for i below count, which is at least 1. All but count are addresses, or a number of
  ;; bytes: a vector takes stride bytes, a multiple of 64, zeros at its end.
  (func (export "innerProducts")
    (param $vectors i32) (param $stride i32) (param $query i32) (param $rows i32) (param $out i32) (param $count i32)
    (local $at i32) (local $q i32) (local $end i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $query) (local.get $stride)))
    (loop $row
      (local.set $at (i32.add (local.get $vectors) (i32.mul (i32.load (local.get $rows)) (local.get $stride))))
      (local.set $q (local.get $query))
      (local.set $a (v128.const i32x4 0 0 0 0))
      (local.set $b (v128.const i32x4 0 0 0 0))
      (local.set $c (v128.const i32x4 0 0 0 0))
      (local.set $d (v128.const i32x4 0 0 0 0))
      (loop $sixteen
        (local.set $a (f32x4.add (local.get $a)
          (f32x4.mul (v128.load (local.get $at)) (v128.load (local.get $q)))))
        (local.set $b (f32x4.add (local.get $b)
          (f32x4.mul (v128.load offset=16 (local.get $at)) (v128.load offset=16 (local.get $q)))))
        (local.set $c (f32x4.add (local.get $c)
          (f32x4.mul (v128.load offset=32 (local.get $at)) (v128.load offset=32 (local.get $q)))))
        (local.set $d (f32x4.add (local.get $d)
          (f32x4.mul (v128.load offset=48 (local.get $at)) (v128.load offset=48 (local.get $q)))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (local.set $q (i32.add (local.get $q) (i32.const 64)))
        (br_if $sixteen (i32.lt_u (local.get $q) (local.get $end))))
      (local.set $a (f32x4.add
        (f32x4.add (local.get $a) (local.get $b))
        (f32x4.add (local.get $c) (local.get $d))))
      (f32.store (local.get $out)
        (f32.add
          (f32.add (f32x4.extract_lane 0 (local.get $a)) (f32x4.extract_lane 1 (local.get $a)))
          (f32.add (f32x4.extract_lane 2 (local.get $a)) (f32x4.extract_lane 3 (local.get $a)))))
      (local.set $rows (i32.add (local.get $rows) (i32.const 4)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $row (local.get $count)))))
