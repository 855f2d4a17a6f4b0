"""Skeletons of many programs, by the names and trees that their files have, and what is what in them.

A rig is written as a pattern for its limbs and lists of names: the eight joints of a limb are collar, shoulder, elbow,
wrist, hip, knee, ankle and foot, "-" for one that the rig has not. Extra joints are "NAME<PARENT", "{}" of which is the
side. The body is that of a person who stands with arms out; centimetres, Y up, facing +Z.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

LIMB = ("collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot")
ABOVE = {"shoulder": "collar", "elbow": "shoulder", "wrist": "elbow", "knee": "hip", "ankle": "knee", "foot": "ankle"}
PLACES = {
    "pelvis": (0, 95, 0), "neck": (0, 145, -2), "head": (0, 155, 1), "collar": (3, 142, -1), "shoulder": (18, 143, -2),
    "elbow": (45, 143, -3), "wrist": (70, 143, -2), "hip": (9, 88, 1), "knee": (9, 47, 2), "ankle": (9, 8, -1),
    "foot": (10, 2, 11),
}  # fmt: skip


@dataclass
class Rig:
    """A skeleton. ``truth`` is the name of the joint for each HumanML3D joint that the rig has, ``trunk`` its spine."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    places: list[tuple[float, float, float]] = field(default_factory=list)
    truth: dict[str, str] = field(default_factory=dict)
    trunk: list[str] = field(default_factory=list)

    def add(self, name: str, parent: str | None, place: tuple[float, float, float]) -> None:
        """Add a joint below a parent that is there already."""
        self.parents.append(-1 if parent is None else self.names.index(parent))
        self.names.append(name)
        self.places.append(place)

    @property
    def offsets(self) -> np.ndarray:
        """(N, 3) of each joint from its parent."""
        places = np.array(self.places, dtype=float)
        parents = np.array(self.parents)
        return places - np.where(parents[:, None] >= 0, places[parents], 0)

    @property
    def positions(self) -> np.ndarray:
        """(1, N, 3)."""
        return np.array([self.places], dtype=float)


def rig(
    middle: str,
    limb: str,
    pattern: str,
    sides: str,
    *,
    above: str = "",
    legs: str = "",
    arms: str = "",
    extra: str = "",
) -> Rig:
    """Build a rig.

    Args:
        middle: pelvis, spine joints, neck, head; several necks are separated by "+", "-" stands for none.
        limb: the eight joints of a limb.
        pattern: of a limb's name, with {side} and {part}.
        sides: left and right.
        above: joints over the pelvis, from the root.
        legs, arms: name of the joint that they hang from; pelvis and last spine joint when left out.
        extra: further joints, "NAME<PARENT"; one after which a joint comes is "NAME<PARENT>CHILD".
    """
    result = Rig()
    parent = None
    for name in above.split(",") if above else []:
        result.add(name, parent, (0, 0, 0))
        parent = name
    pelvis, *trunk, neck, head = middle.split(",")
    result.add(pelvis, parent, PLACES["pelvis"])
    result.truth["pelvis"] = parent = pelvis
    for i, name in enumerate(trunk):
        result.add(name, parent, (0, 95 + 40 * (i + 1) / (len(trunk) + 1), -1))
        parent = name
    result.trunk = trunk
    chest = arms or parent
    for i, name in enumerate(neck.split("+") if neck != "-" else []):
        result.add(name, parent, (0, 145 + 4 * i, -2))
        result.truth.setdefault("neck", name)
        parent = name
    if head != "-":
        result.add(head, parent, PLACES["head"])
        result.truth["head"] = head
    for extra_name in extra.split(",") if extra else []:
        if "{" not in extra_name and ">" not in extra_name:
            name, _, under = extra_name.partition("<")
            result.add(name, under, result.places[result.names.index(under)])
    for side, word, sign in (("left", sides.split(",")[0], 1), ("right", sides.split(",")[1], -1)):
        names = {}
        for part, text in zip(LIMB, limb.split(","), strict=True):
            if text == "-":
                continue
            names[part] = pattern.format(side=word, part=text)
            over = names.get(ABOVE.get(part, ""), "")
            over = over or (chest if part in ("collar", "shoulder") else legs or pelvis)
            x, y, z = PLACES[part]
            for between in [one for one in extra.split(",") if ">" in one]:
                name, _, rest = between.replace("{}", word).partition("<")
                under, _, child = rest.partition(">")
                if child == names[part]:
                    px, py, pz = result.places[result.names.index(under)]
                    result.add(name, under, ((px + sign * x) / 2, (py + y) / 2, (pz + z) / 2))
                    over = name
            result.add(names[part], over, (sign * x, y, z))
            result.truth[f"{side}_{part}"] = names[part]
        for one in [one for one in extra.split(",") if "{" in one and ">" not in one]:
            name, _, under = one.replace("{}", word).partition("<")
            result.add(name, under, result.places[result.names.index(under)])
    return result


RIGS = {
    "Biped": rig(
        "Bip01 Pelvis,Bip01 Spine,Bip01 Spine1,Bip01 Neck,Bip01 Head",
        "Clavicle,UpperArm,Forearm,Hand,Thigh,Calf,Foot,Toe0", "Bip01 {side} {part}", "L,R", above="Bip01",
        legs="Bip01 Spine", arms="Bip01 Neck",
        extra="Bip01 Footsteps<Bip01,Bip01 HeadNub<Bip01 Head,Bip01 {} Finger0<Bip01 {} Hand",
    ),
    "Rigify DEF": rig(
        "DEF-spine,DEF-spine.001,DEF-spine.002,DEF-spine.003,DEF-spine.004+DEF-spine.005,DEF-spine.006",
        "shoulder,upper_arm,forearm,hand,thigh,shin,foot,toe", "DEF-{part}.{side}", "L,R",
        extra="DEF-pelvis.{}<DEF-spine,DEF-breast.{}<DEF-spine.003,DEF-upper_arm.{}.001<DEF-upper_arm.{}>DEF-forearm.{},"
        "DEF-thigh.{}.001<DEF-thigh.{}>DEF-shin.{},DEF-f_index.01.{}<DEF-hand.{}",
    ),
    "Rigify metarig": rig(
        "spine,spine.001,spine.002,spine.003,spine.004+spine.005,spine.006",
        "shoulder,upper_arm,forearm,hand,thigh,shin,foot,toe", "{part}.{side}", "L,R",
        extra="face<spine.006,nose<face,jaw<face,pelvis.{}<spine,breast.{}<spine.003,heel.02.{}<foot.{},"
        "palm.01.{}<hand.{},thumb.01.{}<palm.01.{}",
    ),
    "FreeMoCap": rig(
        "pelvis,spine,spine.001,neck,face", "shoulder,upper_arm,forearm,hand,thigh,shin,foot,-", "{part}.{side}", "L,R",
        extra="pelvis.{}<pelvis>thigh.{},heel.02.{}<foot.{},palm.01.{}<hand.{}",
    ),
    "VRM": rig(
        "J_Bip_C_Hips,J_Bip_C_Spine,J_Bip_C_Chest,J_Bip_C_UpperChest,J_Bip_C_Neck,J_Bip_C_Head",
        "Shoulder,UpperArm,LowerArm,Hand,UpperLeg,LowerLeg,Foot,ToeBase", "J_Bip_{side}_{part}", "L,R", above="Root",
        extra="J_Sec_Hair1_01<J_Bip_C_Head,J_Adj_{}_FaceEye<J_Bip_C_Head,J_Bip_{}_Index1<J_Bip_{}_Hand,"
        "J_Sec_{}_Bust1<J_Bip_C_UpperChest",
    ),
    "Genesis 3": rig(
        "pelvis,abdomenLower,abdomenUpper,chestLower,chestUpper,neckLower+neckUpper,head",
        "Collar,ShldrBend,ForearmBend,Hand,ThighBend,Shin,Foot,Toe", "{side}{part}", "l,r", above="hip",
        extra="{}ShldrTwist<{}ShldrBend>{}ForearmBend,{}ForearmTwist<{}ForearmBend>{}Hand,{}Metatarsals<{}Foot,"
        "{}ThighTwist<{}ThighBend>{}Shin,{}Thumb1<{}Hand,{}Pectoral<chestUpper,upperTeeth<head",
    ),
    "Genesis 9": rig(
        "pelvis,spine1,spine2,spine3,spine4,neck1+neck2,head",
        "shoulder,upperarm,forearm,hand,thigh,shin,foot,toes", "{side}_{part}", "l,r", above="hip",
        extra="{}_upperarmtwist1<{}_upperarm,{}_metatarsal<{}_foot,{}_bigtoe1<{}_toes,{}_index1<{}_hand",
    ),
    "Character Creator": rig(
        "CC_Base_Pelvis,CC_Base_Waist,CC_Base_Spine01,CC_Base_Spine02,CC_Base_NeckTwist01+CC_Base_NeckTwist02,"
        "CC_Base_Head",
        "Clavicle,Upperarm,Forearm,Hand,Thigh,Calf,Foot,ToeBase", "CC_Base_{side}_{part}", "L,R", above="CC_Base_Hip",
        extra="CC_Base_JawRoot<CC_Base_Head,CC_Base_{}_ThighTwist01<CC_Base_{}_Thigh,"
        "CC_Base_{}_KneeShareBone<CC_Base_{}_Calf,CC_Base_{}_ElbowShareBone<CC_Base_{}_Forearm,"
        "CC_Base_{}_BigToe1<CC_Base_{}_ToeBase,CC_Base_{}_RibsTwist<CC_Base_Spine02",
    ),
    "SOMA": rig(
        "Hips,Spine1,Spine2,Chest,Neck1+Neck2,Head", "Shoulder,Arm,ForeArm,Hand,Leg,Shin,Foot,ToeBase", "{side}{part}",
        "Left,Right", above="Root", extra="Jaw<Head,{}HandThumb1<{}Hand,{}ToeEnd<{}ToeBase",
    ),
    "MakeHuman": rig(
        "Root,Spine1,Spine2,Spine3,Neck,Head", "Clavicle,UpArm,LoArm,Hand,UpLeg,LoLeg,Foot,Toe", "{part}_{side}", "L,R",
        extra="Jaw<Head,Finger-1-1_{}<Hand_{}",
    ),
    "Kinect": rig(
        "Hips,Spine,Chest,Neck,Head", "Collar,Shoulder,Elbow,Wrist,Hip,Knee,Ankle,Foot", "{side}{part}", "Left,Right"
    ),
    "Kinect 2": rig(
        "SpineBase,SpineMid,SpineShoulder,Neck,Head", "-,Shoulder,Elbow,Wrist,Hip,Knee,Ankle,Foot", "{part}{side}",
        "Left,Right", extra="Hand{}<Wrist{},HandTip{}<Hand{},Thumb{}<Wrist{}",
    ),
    "mocopi": rig(
        "root,torso_1,torso_2,torso_3,torso_4,torso_5,torso_6,torso_7,neck_1+neck_2,head",
        "shoulder,up_arm,low_arm,hand,up_leg,low_leg,foot,toes", "{side}_{part}", "l,r",
    ),
    "Second Life": rig(
        "mPelvis,mSpine1,mSpine2,mTorso,mSpine3,mSpine4,mChest,mNeck,mHead",
        "Collar,Shoulder,Elbow,Wrist,Hip,Knee,Ankle,Foot", "m{part}{side}", "Left,Right",
        extra="mToe{}<mFoot{},mHandThumb1{}<mWrist{},mSkull<mHead,mEye{}<mHead,mWingsRoot<mChest,mTail1<mPelvis,"
        "mGroin<mPelvis,mHindLimbsRoot<mPelvis,mHindLimb1{}<mHindLimbsRoot,mHindLimb2{}<mHindLimb1{}",
    ),
    "SlimeVR": rig(
        "HIP,WAIST,CHEST,UPPER_CHEST,NECK,HEAD", "SHOULDER,UPPER_ARM,LOWER_ARM,HAND,UPPER_LEG,LOWER_LEG,FOOT,-",
        "{side}_{part}", "LEFT,RIGHT",
    ),
    "Advanced Skeleton": rig(
        "Root_M,RootPart1_M,Spine1_M,Spine1Part1_M,Chest_M,Neck_M,Head_M",
        "Scapula,Shoulder,Elbow,Wrist,Hip,Knee,Ankle,Toes", "{part}_{side}", "L,R",
        extra="Jaw_M<Head_M,HipPart1_{}<Hip_{}>Knee_{},ShoulderPart1_{}<Shoulder_{}>Elbow_{},ToesEnd_{}<Toes_{},"
        "Cup_{}<Wrist_{},IndexFinger1_{}<Wrist_{},Eye_{}<Head_M",
    ),
    "OptiTrack": rig(
        "Hip,Ab,Chest,Neck,Head", "Shoulder,UArm,FArm,Hand,Thigh,Shin,Foot,Toe", "{side}{part}", "L,R",
        extra="{}Thumb1<{}Hand",
    ),
    "iPi": rig(
        "Hip,LowerSpine,MiddleSpine,Chest,Neck,Head", "Clavicle,Shoulder,Forearm,Hand,Thigh,Shin,Foot,Toe",
        "{side}{part}", "L,R",
    ),
    "HumanIK": rig(
        "Character1_Hips,Character1_Spine,Character1_Spine1,Character1_Spine2,Character1_Neck,Character1_Head",
        "Shoulder,Arm,ForeArm,Hand,UpLeg,Leg,Foot,ToeBase", "Character1_{side}{part}", "Left,Right",
        above="Character1_Reference",
        extra="Character1_{}ArmRoll<Character1_{}Arm,Character1_{}UpLegRoll<Character1_{}UpLeg,"
        "Character1_{}HandIndex1<Character1_{}Hand",
    ),
    "MMD": rig(
        "下半身,上半身,上半身2,首,頭", "肩,腕,ひじ,手首,足,ひざ,足首,つま先", "{side}{part}", "左,右",
        above="全ての親,センター",
        extra="両目<頭,{}肩P<上半身2,{}腕捩<{}腕>{}ひじ,{}手捩<{}ひじ>{}手首,{}足ＩＫ<全ての親,{}つま先ＩＫ<{}足ＩＫ,"
        "{}親指１<{}手首,{}人指１<{}手首",
    ),
    "Mixamo": rig(
        "mixamorig:Hips,mixamorig:Spine,mixamorig:Spine1,mixamorig:Spine2,mixamorig:Neck,mixamorig:Head",
        "Shoulder,Arm,ForeArm,Hand,UpLeg,Leg,Foot,ToeBase", "mixamorig:{side}{part}", "Left,Right",
        extra="mixamorig:HeadTop_End<mixamorig:Head,mixamorig:{}Toe_End<mixamorig:{}ToeBase,"
        "mixamorig:{}HandThumb1<mixamorig:{}Hand",
    ),
    "KayKit": rig(
        "hips,spine,chest,-,head", "-,upperarm,lowerarm,wrist,upperleg,lowerleg,foot,toes", "{part}.{side}", "l,r",
        above="root", extra="kneeIK.{}<root,control-toe-roll.{}<root,IK-foot.{}<control-toe-roll.{},"
        "heelIK.{}<root,elbowIK.{}<root,handIK.{}<root,hand.{}<wrist.{},handslot.{}<hand.{}",
    ),
    "Quaternius": rig(
        "Hips,Abdomen,Torso,Neck,Head", "Shoulder,UpperArm,LowerArm,Palm,UpperLeg,LowerLeg,-,-", "{part}.{side}", "L,R",
        above="Bone,Body", legs="Body",
        extra="Foot.{}<Bone,PoleTarget.{}<Bone,Thumb.{}<Palm.{},LowerLeg.{}_end<LowerLeg.{}",
    ),
    "Quaternius Universal": rig(
        "DEF-hips,DEF-spine.001,DEF-spine.002,DEF-spine.003,DEF-neck,DEF-head",
        "shoulder,upper_arm,forearm,hand,thigh,shin,foot,toe", "DEF-{part}.{side}", "L,R", above="root",
        extra="DEF-f_index.01.{}<DEF-hand.{}",
    ),
    "Unreal": rig(
        "pelvis,spine_01,spine_02,spine_03,neck_01,head",
        "clavicle,upperarm,lowerarm,hand,thigh,calf,foot,ball", "{part}_{side}", "l,r", above="root",
        extra="ik_foot_root<root,ik_foot_{}<ik_foot_root,ik_hand_root<root,ik_hand_{}<ik_hand_root,"
        "thigh_twist_01_{}<thigh_{},upperarm_twist_01_{}<upperarm_{},index_01_{}<hand_{}",
    ),
    "Xsens": rig(
        "Hips,Chest,Chest2,Chest3,Chest4,Neck,Head", "Collar,Shoulder,Elbow,Wrist,Hip,Knee,Ankle,Toe", "{side}{part}",
        "Left,Right",
    ),
    "Xsens MVN": rig(
        "Pelvis,L5,L3,T12,T8,Neck,Head", "Shoulder,UpperArm,ForeArm,Hand,UpperLeg,LowerLeg,Foot,Toe", "{side}{part}",
        "Left,Right",
    ),
    "MotionBuilder": rig(
        "Hips,Spine,Spine1,Spine2,Neck,Head", "Shoulder,Arm,ForeArm,Hand,UpLeg,Leg,Foot,ToeBase", "{side}{part}",
        "Left,Right",
    ),
    "Biovision": rig(
        "Hips,Chest,Chest2,Neck,Head", "Collar,Shoulder,Elbow,Wrist,Hip,Knee,Ankle,Toe", "{side}{part}", "Left,Right"
    ),
    "SMPL": rig(
        "pelvis,spine1,spine2,spine3,neck,head", "collar,shoulder,elbow,wrist,hip,knee,ankle,foot", "{side}_{part}",
        "left,right", extra="{}_hand<{}_wrist,jaw<head",
    ),
    "Max CAT": rig(
        "CATRigPelvis,CATRigSpine1,CATRigSpine2,CATRigSpine3,CATRigNeck,CATRigHead",
        "Collarbone,UpperArm,Forearm,Palm,Thigh,Calf,Ankle,Toe11", "CATRig{side}{part}", "L,R",
    ),
    "Source": rig(
        "ValveBiped.Bip01_Pelvis,ValveBiped.Bip01_Spine,ValveBiped.Bip01_Spine1,ValveBiped.Bip01_Spine4,"
        "ValveBiped.Bip01_Neck1,ValveBiped.Bip01_Head1",
        "Clavicle,UpperArm,Forearm,Hand,Thigh,Calf,Foot,Toe0", "ValveBiped.Bip01_{side}_{part}", "L,R",
        extra="ValveBiped.forward<ValveBiped.Bip01_Head1",
    ),
    "Skyrim": rig(
        "NPC Pelvis [Pelv],NPC Spine [Spn0],NPC Spine1 [Spn1],NPC Spine2 [Spn2],NPC Neck [Neck],NPC Head [Head]",
        "Clavicle [Clv],UpperArm [Uar],Forearm [Lar],Hand [Hnd],Thigh [Thg],Calf [Clf],Foot [ft ],Toe0 [Toe]",
        "NPC {side} {part}", "L,R", above="NPC Root [Root],NPC COM [COM ]",
    ),
    "Roblox": rig(
        "LowerTorso,UpperTorso,-,Head", "-,UpperArm,LowerArm,Hand,UpperLeg,LowerLeg,Foot,-", "{side}{part}",
        "Left,Right", above="HumanoidRootPart",
    ),
    "Auto-Rig Pro": rig(
        "root.x,spine_01.x,spine_02.x,spine_03.x,neck.x,head.x",
        "shoulder,arm_stretch,forearm_stretch,hand,thigh_stretch,leg_stretch,foot,toes_01", "{part}.{side}", "l,r",
        extra="c_breast_01.{}<spine_02.x,thigh_twist.{}<thigh_stretch.{},leg_twist.{}<leg_stretch.{}",
    ),
    "Neuron": rig(
        "Robot_Hips,Robot_Spine,Robot_Spine1,Robot_Spine2,Robot_Neck+Robot_Neck1,Robot_Head",
        "Shoulder,Arm,ForeArm,Hand,UpLeg,Leg,Foot,-", "Robot_{side}{part}", "Left,Right",
        extra="Robot_{}InHandIndex<Robot_{}Hand",
    ),
    "OpenSim": rig(
        "pelvis,torso,-,head", "-,humerus,ulna,hand,femur,tibia,talus,toes", "{part}_{side}", "l,r",
        extra="calcn_{}<talus_{}>toes_{},radius_{}<ulna_{}>hand_{}",
    ),
    "MMD in English": rig(
        "lower body,upper body,upper body2,neck,head", "shoulder,arm,elbow,wrist,leg,knee,ankle,toe", "{part}_{side}",
        "L,R", above="mother,center", extra="leg IK_{}<mother,toe IK_{}<leg IK_{},eye_{}<head,arm twist_{}<arm_{}",
    ),
    "Final Fantasy XIV": rig(
        "j_kosi,j_sebo_a,j_sebo_b,j_sebo_c,j_kubi,j_kao", "j_sako,j_ude_a,j_ude_b,j_te,j_asi_a,j_asi_b,j_asi_d,j_asi_e",
        "{part}_{side}", "l,r", above="n_root,n_hara",
    ),
    "The Sims": rig(
        "b__Pelvis__,b__Spine0__,b__Spine1__,b__Spine2__,b__Neck__,b__Head__",
        "Clavicle__,UpperArm__,Forearm__,Hand__,Thigh__,Calf__,Foot__,Toe__", "b__{side}_{part}", "L,R",
        above="b__ROOT__,b__ROOT_bind__", extra="b__{}_Breast__<b__Spine2__,b__{}_ThighTwist__<b__{}_Thigh__",
    ),
    "no sides": rig(
        "Hips,Spine,Chest,Neck,Head", "Shoulder,UpperArm,LowerArm,Hand,UpperLeg,LowerLeg,Foot,Toes", "{part}{side}",
        ",.001",
    ),
    "hip before thigh": rig(
        "Pelvis,Spine,Chest,Neck,Head", "Clavicle,Shoulder,Elbow,Hand,Thigh,Shin,Ankle,Ball", "{side} {part}",
        "Left,Right", extra="{} Hip<Pelvis>{} Thigh",
    ),
}  # fmt: skip
# The feet of old Quaternius figures hang from the ground, where inverse kinematics puts them.
for side, x in (("left", 9), ("right", -9)):
    foot = f"Foot.{side[0].upper()}"
    RIGS["Quaternius"].truth[f"{side}_ankle"] = foot
    RIGS["Quaternius"].places[RIGS["Quaternius"].names.index(foot)] = (x, *PLACES["ankle"][1:])


def right(found: dict[str, str], trunk: list[str], of: Rig) -> bool:
    """Whether joints are those of a rig: name by HumanML3D joint, and the names of the spine joints."""
    truth = {joint: name for joint, name in of.truth.items() if not joint.endswith("collar")}
    found = {joint: name for joint, name in found.items() if not joint.endswith("collar")}
    return found == truth and trunk == of.trunk
