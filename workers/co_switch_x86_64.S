/* co_switch_x86_64.S - see co_switch.h. System V ABI: rbx, rbp, r12-r15, the control bits
 * of mxcsr and the x87 control word survive a call; so they are all that is saved.
 *
 * A stack put aside, from its saved sp up (co_switch.c builds a new one alike):
 *
 *	 0  mxcsr (4), x87 control word (2), -
 *	 8  r15
 *	16  r14
 *	24  r13
 *	32  r12
 *	40  rbx
 *	48  rbp
 *	56  where to go on
 */
#include "workers/co_switch.h"

#if defined(CO_ASM) && defined(__x86_64__)

	.text

/* void co_context_switch(struct co_context *from, struct co_context *to) */
	.globl	co_context_switch
	.type	co_context_switch, @function
	.p2align 4
co_context_switch:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movq	%rsp, (%rdi)
	movq	(%rsi), %rsi

	/* Loading these is slow and they hardly ever differ: compare first. */
	movl	(%rsp), %eax
	movzwl	4(%rsp), %ecx
	movq	%rsi, %rsp	/* both stacks are laid out alike: the CFI stays true */
	cmpl	(%rsp), %eax
	jne	1f
	cmpw	4(%rsp), %cx
	jne	1f
2:	addq	$8, %rsp
	.cfi_remember_state
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbp
	/* Not ret: the CPU's return stack would guess the other coroutine's caller. */
	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, rcx
	jmpq	*%rcx
1:	.cfi_restore_state
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	jmp	2b
	.cfi_endproc
	.size	co_context_switch, . - co_context_switch

/* Where a new stack begins: r12 = fn, r13 = arg. Backtraces end here. */
	.globl	co_context_start
	.hidden	co_context_start
	.type	co_context_start, @function
	.p2align 4
	.cfi_startproc
	.cfi_undefined rip
	nop	/* an unwinder looks up the address before the one returned to */
co_context_start:
	movq	%r13, %rdi
	callq	*%r12
	ud2
	.cfi_endproc
	.size	co_context_start, . - co_context_start

#endif
	.section .note.GNU-stack, "", @progbits
