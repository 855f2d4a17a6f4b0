export {
  AmbientLight, Bone, BufferAttribute, BufferGeometry, Color, CylinderGeometry, DirectionalLight, Group,
  HemisphereLight, InstancedMesh, Line, LineBasicMaterial, Matrix4, Mesh, MeshStandardMaterial, PCFShadowMap,
  PerspectiveCamera, PlaneGeometry, Quaternion, Scene, ShaderMaterial, ShadowMaterial, Skeleton, SkinnedMesh,
  SphereGeometry, Vector3, WebGLRenderer,
} from "three";
export { OrbitControls } from "three/addons/controls/OrbitControls.js";
