/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of an SMMUv3, as far as its memory goes: a table with one context
 * descriptor (CD), and AArch64 page tables of stage 1 with 4 KiB pages and 39
 * address bits. All of it is in one piece of memory of the program, which is
 * mapped in an IOAS at GUEST_IPA: that is the guest's physical memory.
 *
 * Section numbers are those of the SMMUv3 specification, D8 is in the Arm ARM.
 */
#ifndef SMMUV3_GUEST_H
#define SMMUV3_GUEST_H

#include <stdbool.h>
#include <string.h>

#include <linux/types.h>

#ifndef BIT_ULL
#define BIT_ULL(n)	(1ULL << (n))
#endif

/* Above 4 GiB, but for a program that has a reason for another place */
#ifndef GUEST_IPA
#define GUEST_IPA	0x140000000ULL
#endif
/* Where the 2 MiB begin that the guest's tables can map */
#define GUEST_VA	0x2000000ULL
#define GUEST_PAGE	4096ULL
#define GUEST_ASID	0x55ULL

/* Pages of the guest's memory */
enum {
	GUEST_CD_TABLE,
	GUEST_OTHER_CD_TABLE,
	GUEST_LEVEL_1,
	GUEST_LEVEL_2,
	GUEST_LEVEL_3,
	GUEST_DATA,
	GUEST_PAGES = GUEST_DATA + 8
};

#define GUEST_SIZE	(GUEST_PAGES * GUEST_PAGE)

struct smmuv3_guest {
	__u8 *memory;	/* GUEST_SIZE bytes */
	__u64 ips;	/* width of output addresses, as IDR5.OAS has it */
};

static inline void *guest_page(struct smmuv3_guest *guest, unsigned int page)
{
	return guest->memory + page * GUEST_PAGE;
}

static inline __u64 guest_ipa(unsigned int page)
{
	return GUEST_IPA + page * GUEST_PAGE;
}

/* D8.3: descriptors */
#define PTE_TABLE	3ULL
#define PTE_PAGE	(3ULL | BIT_ULL(6) | 3ULL << 8 | BIT_ULL(10) | BIT_ULL(11))
#define PTE_ACCESSED	BIT_ULL(10)
#define PTE_READ_ONLY	BIT_ULL(7)

static inline void guest_set_pte(struct smmuv3_guest *guest, __u64 va, __u64 pte)
{
	__u64 *table = guest_page(guest, GUEST_LEVEL_3);

	__atomic_store_n(&table[va >> 12 & 511], pte, __ATOMIC_SEQ_CST);
}

/* Make the page @next the table below entry @index, modulo 512, of @table */
static inline void guest_link(struct smmuv3_guest *guest, unsigned int table,
			      __u64 index, unsigned int next)
{
	__u64 *entries = guest_page(guest, table);

	entries[index & 511] = guest_ipa(next) | PTE_TABLE;
}

/* Section 5.4: the context descriptor */
#define CD_0_T0SZ_39_BITS	25ULL
#define CD_0_WBRA_ISH		(BIT_ULL(8) | BIT_ULL(10) | 3ULL << 12)
#define CD_0_EPD1		BIT_ULL(30)
#define CD_0_V			BIT_ULL(31)
#define CD_0_IPS		32
#define CD_0_AA64		BIT_ULL(41)
#define CD_0_R			BIT_ULL(45)
#define CD_0_A			BIT_ULL(46)
#define CD_0_ASET		BIT_ULL(47)
#define CD_0_ASID		48
#define CD_3_MAIR_WB		0xffULL

static inline void guest_set_cd(struct smmuv3_guest *guest, unsigned int page,
				bool valid)
{
	__u64 *cd = guest_page(guest, page);

	memset(cd, 0, 64);
	cd[1] = guest_ipa(GUEST_LEVEL_1);
	cd[3] = CD_3_MAIR_WB;
	cd[0] = CD_0_T0SZ_39_BITS | CD_0_WBRA_ISH | CD_0_EPD1 |
		(valid ? CD_0_V : 0) | guest->ips << CD_0_IPS | CD_0_AA64 |
		CD_0_R | CD_0_A | CD_0_ASET | GUEST_ASID << CD_0_ASID;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Tables that map nothing yet */
static inline void guest_init(struct smmuv3_guest *guest)
{
	memset(guest->memory, 0, GUEST_SIZE);
	guest_link(guest, GUEST_LEVEL_1, GUEST_VA >> 30, GUEST_LEVEL_2);
	guest_link(guest, GUEST_LEVEL_2, GUEST_VA >> 21, GUEST_LEVEL_3);
	guest_set_cd(guest, GUEST_CD_TABLE, true);
}

/* Section 5.2: stream table entries */
#define STE_0_ABORT	(1ULL | 0 << 1)
#define STE_0_BYPASS	(1ULL | 4 << 1)
#define STE_0_STAGE_1	(1ULL | 5 << 1)
/* The CD table is cached and shared; without PASID it is CD 0 */
#define STE_1_WBRA_ISH	(2ULL | 1 << 2 | 1 << 4 | 3 << 6)

/* Section 4: commands */
#define CMD_CFGI_CD		0x05ULL
#define CMD_CFGI_CD_ALL		0x06ULL
#define CMD_TLBI_NH_ALL		0x10ULL
#define CMD_TLBI_NH_ASID	0x11ULL
#define CMD_TLBI_NH_VA		0x12ULL
#define CMD_TLBI_NH_VAA		0x13ULL
#define CMD_TLBI_EL2_ALL	0x20ULL
#define CMD_TLBI_NSNH_ALL	0x30ULL
#define CMD_SYNC		0x46ULL
#define CMD_ASID		48
#define CMD_1_LEAF		1ULL

#endif
