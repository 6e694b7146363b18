package bpfiter

import "encoding/binary"

// Registers of the program. R6 to R9 survive calls.
const (
	r0 = iota
	r1
	r2
	r3
	_
	_
	ctx   // R6: struct bpf_iter__task_file
	file  // R7: struct file, then the inode's number
	task  // R8: struct task_struct
	mode  // R9: its file's mode
	stack // R10
)

// Operation codes of eBPF, by the kernel's bpf_common.h and bpf.h.
const (
	ldx8   = 0x79 // dst = *(u64 *)(src + off)
	ldx4   = 0x61
	ldx2   = 0x69
	stx8   = 0x7b // *(u64 *)(dst + off) = src
	stx4   = 0x63
	movReg = 0xbf
	movImm = 0xb7
	addImm = 0x07
	andImm = 0x57
	jeqImm = 0x15
	jneImm = 0x55
	jeqReg = 0x1d
	ldImm  = 0x18 // two instructions
	call   = 0x85
	exit   = 0x95
)

const (
	seqWrite = 127 // helper bpf_seq_write
	sockMode = 0xc000
	typeMask = 0xf000
	// recordLen is one record: tgid, pid, fd, mode (4 bytes each), inode (8).
	recordLen = 24
)

// Offsets in struct bpf_iter__task_file, which is part of the kernel's ABI.
const (
	ctxMeta = 0
	ctxTask = 8
	ctxFD   = 16
	ctxFile = 24
)

type code []byte

func (c *code) add(op byte, dst, src byte, off int16, imm int32) {
	*c = append(*c, op, dst|src<<4)
	*c = binary.LittleEndian.AppendUint16(*c, uint16(off))
	*c = binary.LittleEndian.AppendUint32(*c, uint32(imm))
}

func (c *code) load64(dst byte, v uint64) {
	c.add(ldImm, dst, 0, 0, int32(uint32(v)))
	c.add(0, 0, 0, 0, int32(uint32(v>>32)))
}

// program is run by the kernel for each open file of each task. It writes a
// record for a socket whose inode is wanted, or for every socket where wanted is
// empty, and for every file of the processes in always. There is no loop in it:
// the comparisons are a chain.
func program(l layout, wanted []uint64, always ...int) []byte {
	var c code
	leave := func() { c.add(movImm, r0, 0, 0, 0); c.add(exit, 0, 0, 0, 0) }
	unless := func(op byte, reg byte, imm int32) { c.add(op, reg, 0, 2, imm); leave() }
	c.add(movReg, ctx, r1, 0, 0)
	c.add(ldx8, file, ctx, ctxFile, 0)
	unless(jneImm, file, 0)
	c.add(ldx8, task, ctx, ctxTask, 0)
	unless(jneImm, task, 0)
	c.add(ldx8, r1, file, l.fileInode, 0)
	c.add(ldx8, file, r1, l.inodeNum, 0)
	c.add(ldx2, mode, r1, l.inodeMode, 0)

	chain := len(always) + 5 + 3*len(wanted) // instructions up to the record's
	if len(wanted) > 0 {
		chain += 2
	}
	left := func() int16 { chain--; return int16(chain) }
	c.add(ldx4, r1, task, l.taskTGID, 0)
	for _, pid := range always {
		c.add(jeqImm, r1, 0, left(), int32(pid))
	}
	c.add(movReg, r1, mode, 0, 0)
	c.add(andImm, r1, 0, 0, typeMask)
	unless(jeqImm, r1, sockMode)
	chain -= 5
	for _, ino := range wanted {
		c.load64(r1, ino)
		chain -= 2
		c.add(jeqReg, file, r1, left(), 0)
	}
	if len(wanted) > 0 {
		leave()
	}
	emit(&c, l)
	leave()
	return c
}

// emit writes {tgid, pid, fd, mode, inode} from the stack into the iterator's output.
func emit(c *code, l layout) {
	c.add(ldx4, r1, task, l.taskTGID, 0)
	c.add(stx4, stack, r1, -24, 0)
	c.add(ldx4, r1, task, l.taskPID, 0)
	c.add(stx4, stack, r1, -20, 0)
	c.add(ldx4, r1, ctx, ctxFD, 0)
	c.add(stx4, stack, r1, -16, 0)
	c.add(stx4, stack, mode, -12, 0)
	c.add(stx8, stack, file, -8, 0)
	c.add(ldx8, r1, ctx, ctxMeta, 0)
	c.add(ldx8, r1, r1, 0, 0) // meta->seq
	c.add(movReg, r2, stack, 0, 0)
	c.add(addImm, r2, 0, 0, -recordLen)
	c.add(movImm, r3, 0, 0, recordLen)
	c.add(call, 0, 0, 0, seqWrite)
}
