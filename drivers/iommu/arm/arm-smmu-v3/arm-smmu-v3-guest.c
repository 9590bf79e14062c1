// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest writes for its SMMUv3, and what that is for the real one.
 *
 * A guest with a stage 1 of its own sees an SMMUv3: stream table entries,
 * commands and events are in its format. They are made from, and turned into,
 * those of the real SMMU here, field by field: nothing of the guest that was
 * not looked at gets to the hardware, and what would be illegal there, or is
 * none of the guest's business, is refused with -EIO. That matters: the command
 * queue is everybody's, and stops at an illegal command.
 *
 * The guest's StreamIDs mean nothing to the SMMU, and its VMIDs are not its own:
 * all that it can name is in the VMID of its parent. ASIDs are the guest's, as
 * they are within a VMID.
 *
 * All functions here are pure: they store nothing, need no lock, and touch no
 * hardware. The numbers of sections are those of the SMMUv3 specification.
 */
#include <linux/bitfield.h>
#include <linux/errno.h>
#include <linux/sizes.h>

#include "arm-smmu-v3-guest.h"

/*
 * Stream table entries, section 5.2
 */

#define GUEST_STE_0_STAGE1	(STRTAB_STE_0_S1FMT | \
				 STRTAB_STE_0_S1CTXPTR_MASK | \
				 STRTAB_STE_0_S1CDMAX)
#define GUEST_STE_0		(STRTAB_STE_0_V | STRTAB_STE_0_CFG | \
				 GUEST_STE_0_STAGE1)
#define GUEST_STE_1_STAGE1	(STRTAB_STE_1_S1DSS | STRTAB_STE_1_S1CIR | \
				 STRTAB_STE_1_S1COR | STRTAB_STE_1_S1CSH | \
				 STRTAB_STE_1_S1STALLD)
#define GUEST_STE_1		(GUEST_STE_1_STAGE1 | STRTAB_STE_1_EATS)

#define S1DSS_RESERVED		3

static int guest_stage1(const struct arm_smmu_device *smmu, u64 dw0, u64 dw1,
			struct arm_smmu_guest_ste *guest)
{
	unsigned int s1cdmax = FIELD_GET(STRTAB_STE_0_S1CDMAX, dw0);

	dw0 &= GUEST_STE_0_STAGE1;
	dw1 &= GUEST_STE_1_STAGE1;
	if (s1cdmax > smmu->ssid_bits)
		return -EIO;
	if (!s1cdmax) {
		/* One CD: these fields have no meaning */
		dw0 &= ~STRTAB_STE_0_S1FMT;
		dw1 &= ~STRTAB_STE_1_S1DSS;
	} else {
		if (FIELD_GET(STRTAB_STE_1_S1DSS, dw1) == S1DSS_RESERVED)
			return -EIO;
		switch (FIELD_GET(STRTAB_STE_0_S1FMT, dw0)) {
		case STRTAB_STE_0_S1FMT_LINEAR:
			break;
		case STRTAB_STE_0_S1FMT_4K_L2:
		case STRTAB_STE_0_S1FMT_64K_L2:
			if (smmu->features & ARM_SMMU_FEAT_2_LVL_CDTAB)
				break;
			fallthrough;
		default:
			return -EIO;
		}
	}
	guest->config = STRTAB_STE_0_CFG_S1_TRANS;
	guest->dw[0] = dw0;
	guest->dw[1] = dw1;
	return 0;
}

/**
 * arm_smmu_guest_ste() - check a guest's stream table entry
 * @smmu: the real SMMU
 * @user: doublewords 0 and 1; all others of a guest are 0
 * @guest: returns what it says
 *
 * Return: 0; -EIO if a field is illegal, or none that a guest may set.
 */
int arm_smmu_guest_ste(const struct arm_smmu_device *smmu, const __le64 *user,
		       struct arm_smmu_guest_ste *guest)
{
	u64 dw0 = le64_to_cpu(user[0]), dw1 = le64_to_cpu(user[1]);
	int rc;

	*guest = (struct arm_smmu_guest_ste) {
		.config = STRTAB_STE_0_CFG_ABORT,
	};
	if (dw0 & ~GUEST_STE_0 || dw1 & ~GUEST_STE_1)
		return -EIO;
	if (FIELD_GET(STRTAB_STE_1_EATS, dw1) > STRTAB_STE_1_EATS_TRANS)
		return -EIO;
	if (!(dw0 & STRTAB_STE_0_V))
		return 0;

	switch (FIELD_GET(STRTAB_STE_0_CFG, dw0)) {
	case STRTAB_STE_0_CFG_ABORT:
		return 0;
	case STRTAB_STE_0_CFG_BYPASS:
		guest->config = STRTAB_STE_0_CFG_BYPASS;
		return 0;
	case STRTAB_STE_0_CFG_S1_TRANS:
		rc = guest_stage1(smmu, dw0, dw1, guest);
		if (!rc)
			guest->ats = FIELD_GET(STRTAB_STE_1_EATS, dw1);
		return rc;
	default:
		return -EIO;
	}
}

/**
 * arm_smmu_ste_nested() - make an entry of a guest's stage 1 on a stage-2 table
 * @ste: the entry
 * @master: the device
 * @parent: the stage-2 table
 * @guest: what the guest wants
 */
void arm_smmu_ste_nested(struct arm_smmu_ste *ste,
			 const struct arm_smmu_master *master,
			 const struct arm_smmu_s2_cfg *parent,
			 const struct arm_smmu_guest_ste *guest)
{
	switch (guest->config) {
	case STRTAB_STE_0_CFG_S1_TRANS:
		break;
	case STRTAB_STE_0_CFG_BYPASS:
		arm_smmu_ste_stage2(ste, master, parent);
		return;
	default:
		arm_smmu_ste_abort(ste);
		return;
	}

	/* STRW stays 0, that is NS-EL1: there is no other with stage 2 */
	arm_smmu_ste_stage2(ste, master, parent);
	ste->dw[0] = STRTAB_STE_0_V |
		     FIELD_PREP(STRTAB_STE_0_CFG, STRTAB_STE_0_CFG_NESTED) |
		     guest->dw[0];
	/* One event tells as much as many of the same kind do */
	ste->dw[1] |= guest->dw[1] | STRTAB_STE_1_MEV;
	/* A guest cannot answer, so that a transaction would be stalled for good */
	ste->dw[1] &= ~STRTAB_STE_1_S1STALLD;
	if (master->smmu->features & ARM_SMMU_FEAT_STALLS)
		ste->dw[1] |= STRTAB_STE_1_S1STALLD;
}

/*
 * Commands, section 4
 */

#define CMD_RANGE_0		(CMDQ_TLBI_0_NUM | CMDQ_TLBI_0_SCALE)
#define CMD_RANGE_1		(CMDQ_TLBI_1_TTL | CMDQ_TLBI_1_TG)

#define TTL_LEVEL_1		1

/* What a guest may ask for, and the fields that each command has */
static const struct guest_cmd_format {
	u8 opcode;
	bool stream, range;
	u64 fields[CMDQ_ENT_DWORDS];
} guest_cmds[] = {
	{
		.opcode = CMDQ_OP_CFGI_CD,
		.stream = true,
		.fields = { CMDQ_CFGI_0_SSID | CMDQ_CFGI_0_SID,
			    CMDQ_CFGI_1_LEAF },
	}, {
		.opcode = CMDQ_OP_CFGI_CD_ALL,
		.stream = true,
		.fields = { CMDQ_CFGI_0_SID },
	}, {
		.opcode = CMDQ_OP_TLBI_NH_ALL,
		.fields = { CMDQ_TLBI_0_VMID },
	}, {
		.opcode = CMDQ_OP_TLBI_NH_ASID,
		.fields = { CMDQ_TLBI_0_VMID | CMDQ_TLBI_0_ASID },
	}, {
		.opcode = CMDQ_OP_TLBI_NH_VA,
		.range = true,
		.fields = { CMD_RANGE_0 | CMDQ_TLBI_0_VMID | CMDQ_TLBI_0_ASID,
			    CMD_RANGE_1 | CMDQ_TLBI_1_LEAF |
			    CMDQ_TLBI_1_VA_MASK },
	}, {
		.opcode = CMDQ_OP_TLBI_NH_VAA,
		.range = true,
		.fields = { CMD_RANGE_0 | CMDQ_TLBI_0_VMID,
			    CMD_RANGE_1 | CMDQ_TLBI_1_LEAF |
			    CMDQ_TLBI_1_VA_MASK },
	}, {
		.opcode = CMDQ_OP_TLBI_NSNH_ALL,
	}, {
		.opcode = CMDQ_OP_ATC_INV,
		.stream = true,
		.fields = { CMDQ_0_SSV | CMDQ_ATC_0_GLOBAL | CMDQ_ATC_0_SSID |
			    CMDQ_ATC_0_SID,
			    CMDQ_ATC_1_SIZE | CMDQ_ATC_1_ADDR_MASK },
	},
};

static const struct guest_cmd_format *guest_cmd_format(u8 opcode)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(guest_cmds); i++)
		if (guest_cmds[i].opcode == opcode)
			return &guest_cmds[i];
	return NULL;
}

/* Section 4.4.1.1: is it a range that this SMMU knows, or one address? */
static int check_range(const struct arm_smmu_device *smmu, const u64 *cmd)
{
	unsigned int tg = FIELD_GET(CMDQ_TLBI_1_TG, cmd[1]);
	unsigned int ttl = FIELD_GET(CMDQ_TLBI_1_TTL, cmd[1]);
	static const u32 granules[] = { 0, SZ_4K, SZ_16K, SZ_64K };

	if (!tg)
		return cmd[0] & CMD_RANGE_0 || ttl ? -EIO : 0;
	if (!(smmu->features & ARM_SMMU_FEAT_RANGE_INV))
		return -EIO;
	if (!(smmu->pgsize_bitmap & granules[tg]))
		return -EIO;
	/* 16 KiB granules have no blocks of level 1 */
	if (granules[tg] == SZ_16K && ttl == TTL_LEVEL_1)
		return -EIO;
	/* All three 0 is reserved */
	return cmd[0] & CMD_RANGE_0 || ttl ? 0 : -EIO;
}

/**
 * arm_smmu_guest_cmd() - make a command for the SMMU of one of a guest
 * @smmu: the real SMMU
 * @vmid: VMID of all that the guest has
 * @user: the guest's command
 * @guest: returns the command
 *
 * Return: 0; -EIO if it is no command that a guest may give, or not legal.
 */
int arm_smmu_guest_cmd(const struct arm_smmu_device *smmu, u16 vmid,
		       const __le64 *user, struct arm_smmu_guest_cmd *guest)
{
	u64 cmd[CMDQ_ENT_DWORDS] = {
		le64_to_cpu(user[0]), le64_to_cpu(user[1]),
	};
	const struct guest_cmd_format *format;
	u8 opcode = FIELD_GET(CMDQ_0_OP, cmd[0]);

	format = guest_cmd_format(opcode);
	if (!format || cmd[0] & ~(CMDQ_0_OP | format->fields[0]) ||
	    cmd[1] & ~format->fields[1])
		return -EIO;
	if (format->range && check_range(smmu, cmd))
		return -EIO;
	if (format->fields[0] & CMDQ_TLBI_0_ASID && !format->stream &&
	    FIELD_GET(CMDQ_TLBI_0_ASID, cmd[0]) >> smmu->asid_bits)
		return -EIO;

	guest->stream = format->stream;
	guest->atc = opcode == CMDQ_OP_ATC_INV;
	guest->sid = 0;
	if (guest->atc) {
		if (!(smmu->features & ARM_SMMU_FEAT_ATS) ||
		    FIELD_GET(CMDQ_ATC_1_SIZE, cmd[1]) > ATC_INV_SIZE_ALL)
			return -EIO;
		/* Without SSV these have no meaning */
		if (!(cmd[0] & CMDQ_0_SSV))
			cmd[0] &= ~(CMDQ_ATC_0_GLOBAL | CMDQ_ATC_0_SSID);
	}
	if (format->stream) {
		guest->sid = FIELD_GET(CMDQ_CFGI_0_SID, cmd[0]);
		cmd[0] &= ~CMDQ_CFGI_0_SID;
	} else {
		/* Everything of the guest is in one VMID */
		if (opcode == CMDQ_OP_TLBI_NSNH_ALL)
			cmd[0] = FIELD_PREP(CMDQ_0_OP, CMDQ_OP_TLBI_NH_ALL);
		cmd[0] &= ~CMDQ_TLBI_0_VMID;
		cmd[0] |= FIELD_PREP(CMDQ_TLBI_0_VMID, vmid);
	}
	guest->cmd[0] = cmd[0];
	guest->cmd[1] = cmd[1];
	return 0;
}

/*
 * Events, section 7.3
 */

/**
 * arm_smmu_guest_event() - make an event for a guest of one of the SMMU
 * @evt: the event
 * @sid: the StreamID, as the guest has it
 * @guest: returns the event as the guest shall see it
 *
 * A guest sees what is about its own tables, at addresses of its own. What stage
 * 2 has to say is for the one who made the parent.
 *
 * Return: true if it is an event for the guest.
 */
bool arm_smmu_guest_event(const u64 *evt, u32 sid, __le64 *guest)
{
	unsigned int i;

	switch (FIELD_GET(EVTQ_0_ID, evt[0])) {
	case EVT_ID_STREAM_DISABLED_FAULT:
	case EVT_ID_BAD_SUBSTREAMID_CONFIG:
	case EVT_ID_BAD_CD_CONFIG:
		break;
	case EVT_ID_TRANSLATION_FAULT:
	case EVT_ID_ADDR_SIZE_FAULT:
	case EVT_ID_ACCESS_FAULT:
	case EVT_ID_PERMISSION_FAULT:
		if (evt[1] & EVTQ_1_S2)
			return false;
		break;
	default:
		return false;
	}

	guest[0] = cpu_to_le64((evt[0] & ~EVTQ_0_SID) |
			       FIELD_PREP(EVTQ_0_SID, sid));
	for (i = 1; i < EVTQ_ENT_DWORDS; i++)
		guest[i] = cpu_to_le64(evt[i]);
	return true;
}
