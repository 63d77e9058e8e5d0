/* co_switch_aarch64.S - see co_switch.h. AAPCS64: x19-x29, the low halves of v8-v15 (d8-d15)
 * and fpcr survive a call, x30 is where to return; so they are all that is saved.
 *
 * A stack put aside, from its saved sp up (co_switch.c builds a new one alike):
 *
 *	  0  x19 x20  x21 x22  x23 x24  x25 x26  x27 x28
 *	 80  x29 x30
 *	 96  d8 .. d15
 *	160  fpcr, -
 */
#include "workers/co_switch.h"

#if defined(CO_ASM) && defined(__aarch64__)

	.text

/* void co_context_switch(struct co_context *from, struct co_context *to) */
	.globl	co_context_switch
	.type	co_context_switch, %function
	.p2align 4
co_context_switch:
	.cfi_startproc
	hint	#34			/* bti c, where the CPU has it */
	sub	sp, sp, #176
	.cfi_adjust_cfa_offset 176
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	.cfi_rel_offset x19, 0
	.cfi_rel_offset x20, 8
	.cfi_rel_offset x21, 16
	.cfi_rel_offset x22, 24
	.cfi_rel_offset x23, 32
	.cfi_rel_offset x24, 40
	.cfi_rel_offset x25, 48
	.cfi_rel_offset x26, 56
	.cfi_rel_offset x27, 64
	.cfi_rel_offset x28, 72
	.cfi_rel_offset x29, 80
	.cfi_rel_offset x30, 88
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x3, fpcr
	str	x3, [sp, #160]
	mov	x2, sp
	str	x2, [x0]
	ldr	x2, [x1]
	mov	sp, x2			/* both stacks are laid out alike: the CFI stays true */
	ldr	x4, [sp, #160]
	cmp	x3, x4			/* writing fpcr is slow and it hardly ever differs */
	b.eq	1f
	msr	fpcr, x4
1:	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	add	sp, sp, #176
	.cfi_adjust_cfa_offset -176
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x21
	.cfi_restore x22
	.cfi_restore x23
	.cfi_restore x24
	.cfi_restore x25
	.cfi_restore x26
	.cfi_restore x27
	.cfi_restore x28
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	co_context_switch, . - co_context_switch

/* Where a new stack begins: x19 = fn, x20 = arg. Backtraces end here. */
	.globl	co_context_start
	.hidden	co_context_start
	.type	co_context_start, %function
	.p2align 4
	.cfi_startproc
	.cfi_undefined x30
	nop				/* an unwinder looks up the address before the one returned to */
co_context_start:
	mov	x0, x20
	blr	x19
	brk	#1
	.cfi_endproc
	.size	co_context_start, . - co_context_start

#endif
	.section .note.GNU-stack, "", %progbits
