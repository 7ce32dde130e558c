import numpy as np, phys
from math import erf
def matern(D): 
    a=np.sqrt(5)*D; return (1+a+a*a/3)*np.exp(-a)
def Phi(z): return 0.5*(1+np.vectorize(erf)(z/np.sqrt(2)))
def phi(z): return np.exp(-z*z/2)/np.sqrt(2*np.pi)
def dist(L,A,B): return np.sqrt((((A[:,None,:]-B[None,:,:])/L)**2).sum(-1))
class GPEI:
    name='gp-ei'
    def __init__(s,X,noise,rng,init=5):
        s.X=X; s.Z=np.log(X); s.Z=(s.Z-s.Z.mean(0))/s.Z.std(0); s.rng=rng; s.i=[];s.E=[];s.T=[];s.noise=max(noise,0.003);s.init=init
    def tell(s,i,E,t): s.i.append(i);s.E.append(np.log(E));s.T.append(np.log(t))
    def gp(s,y):
        y=np.array(y);Z=s.Z[s.i];best=None
        m=y.mean();v=max(y.var(),1e-4);yy=y-m
        for l1 in (.4,.8,1.5,3,6):
            for l2 in (.4,.8,1.5,3,6):
                L=np.array([l1,l2]); R=matern(dist(L,Z,Z))
                for a in (1,4):
                    K=a*v*R+s.noise**2*np.eye(len(y))
                    try: C=np.linalg.cholesky(K)
                    except: continue
                    al=np.linalg.solve(C,yy); ll=-.5*al@al-np.log(np.diag(C)).sum()-.5*(np.log(L/1.5)**2).sum()/1.0
                    if best is None or ll>best[0]: best=(ll,L,a*v,C)
        ll,L,a,C=best
        k=a*matern(dist(L,Z,s.Z)); W=np.linalg.solve(C,k)
        return m+W.T@np.linalg.solve(C,yy), np.sqrt(np.maximum(a-(W**2).sum(0),1e-12))
    def ask(s):
        if len(s.i)<s.init:
            return s.rng.integers(len(s.X))
        mu,sd=s.gp(s.E); b=mu[s.i].min(); z=(b-mu)/sd; ei=sd*(z*Phi(z)+phi(z))
        return int(np.argmax(ei))
    def recommend(s):
        if len(s.i)<s.init: return s.i[int(np.argmin(s.E))]
        mu,sd=s.gp(s.E); ii=list(set(s.i)); return ii[int(np.argmin(mu[ii]))]
class PhysGP:
    name='phys'
    def __init__(s,X,noise,rng,prior,anchor=(.45,.65),res=.02,rest=.03,len_=.7,rival=False,mode='plain'):
        s.X=X;s.lX=np.log(X);s.mu,s.S=prior;s.rng=rng;s.i=[];s.E=[];s.T=[];s.noise=max(noise,.003);s.res=res;s.rest=rest;s.len=len_;s.th=None
        s.anchor=int(np.argmin((abs(X-np.array(anchor))).sum(1))); s.top=int(np.argmax(X.sum(1)))
    def tell(s,i,E,t): s.i.append(i);s.E.append(np.log(E));s.T.append(np.log(t));s.post=None
    def posterior(s):
        if s.post is not None: return s.post
        i=np.array(s.i);y=np.r_[s.E,s.T];n=len(i)
        # scale unknown: center at first guess by model at mu
        th=s.mu.copy() if s.th is None else s.th
        # work with augmented theta: two offsets
        X=s.X[i]
        K=len(s.mu); 
        off=np.array([np.mean(s.E),np.mean(s.T)])
        Sinv=np.linalg.inv(s.S)
        # MAP with offsets: relative noise
        def obj(th,o):
            e,t=phys.model(th,X); r=np.r_[s.E-e-o[0],s.T-t-o[1]]
            return r@r/(0.02**2)+(th-s.mu)@Sinv@(th-s.mu)
        e,t=phys.model(th,X);o=np.array([np.mean(s.E-e),np.mean(s.T-t)])
        lam=1e-2;ob=obj(th,o)
        for _ in range(12):
            e,t=phys.model(th,X);JE,JT=phys.jac(th,X)
            J=np.block([[JE,np.ones((n,1)),np.zeros((n,1))],[JT,np.zeros((n,1)),np.ones((n,1))]])
            r=np.r_[s.E-e-o[0],s.T-t-o[1]]
            H=J.T@J/.02**2; H[:K,:K]+=Sinv; g=J.T@r/.02**2; g[:K]-=Sinv@(th-s.mu)
            H[K:,K:]+=1e-4*np.eye(2); ok=False
            for _ in range(8):
                st=np.linalg.solve(H+lam*np.diag(np.diag(H)),g); st[:K]=np.clip(st[:K],-1.5,1.5)
                on=obj(th+st[:K],o+st[K:])
                if on<ob: ok=True;break
                lam*=5
            if not ok: break
            th=th+st[:K];o=o+st[K:];d=ob-on;ob=on;lam=max(lam/5,1e-6)
            if d<.05: break
        s.th=th
        e,t=phys.model(th,s.X);JE,JT=phys.jac(th,s.X)
        L=np.linalg.cholesky(s.S)
        PE=np.c_[JE@L,3*np.ones(len(s.X)),np.zeros(len(s.X))];PT=np.c_[JT@L,np.zeros(len(s.X)),3*np.ones(len(s.X))]
        mE=e+o[0]+JE@(s.mu-th);mT=t+o[1]+JT@(s.mu-th)
        R=matern(dist(np.array([s.len]*2),s.lX[i],s.lX))
        G=np.r_[PE[i],PT[i]]
        KA=G@np.r_[PE,PT].T
        N=len(s.X)
        KA[:n,:N]+=s.res**2*R; KA[n:,N:]+=s.rest**2*R
        cols=np.r_[i,N+i]
        Knn=KA[:,cols]+s.noise**2*np.eye(2*n)
        C=np.linalg.cholesky(Knn+1e-9*np.eye(2*n)); r=y-np.r_[mE[i],mT[i]]
        W=np.linalg.solve(C,KA); al=np.linalg.solve(C,r)
        s.loo_phys=loo(C,r)[:n]
        m=np.r_[mE,mT]+W.T@al
        v=np.r_[(PE**2).sum(1)+s.res**2,(PT**2).sum(1)+s.rest**2]-(W**2).sum(0)
        sd=np.sqrt(np.maximum(v,1e-12))
        s.post=(m[:N],sd[:N],m[N:],sd[N:]); return s.post
    def ask(s):
        n=len(s.i)
        if n==0: return s.anchor
        mE,sE,mT,sT=s.posterior(); b=mE[s.i].min(); z=(b-mE)/sE; ei=sE*(z*Phi(z)+phi(z))
        return int(np.argmax(ei))
    def recommend(s):
        mE=s.posterior()[0]; ii=list(set(s.i)); return ii[int(np.argmin(mE[ii]))]
def loo(C,r):
    Ki=np.linalg.inv(C@C.T); a=Ki@r; v=1/np.diag(Ki); e=a*v
    return -.5*e*e/v-.5*np.log(v)
class Mix(PhysGP):
    name='mix'
    def gp_post(s,y):
        y=np.array(y);Z=s.Zs[s.i];best=None;m=y.mean();v=max(y.var(),.05**2);yy=y-m
        for l1 in (.4,.8,1.5,3,6):
            for l2 in (.4,.8,1.5,3,6):
                L=np.array([l1,l2]); R=matern(dist(L,Z,Z))
                for a in (1,4):
                    K=a*v*R+s.noise**2*np.eye(len(y)); C=np.linalg.cholesky(K+1e-10*np.eye(len(y)))
                    al=np.linalg.solve(C,yy); ll=-.5*al@al-np.log(np.diag(C)).sum()-.5*(np.log(L/1.5)**2).sum()
                    if best is None or ll>best[0]: best=(ll,L,a*v,C)
        ll,L,a,C=best
        k=a*matern(dist(L,Z,s.Zs)); W=np.linalg.solve(C,k)
        return m+W.T@np.linalg.solve(C,yy), np.sqrt(np.maximum(a-(W**2).sum(0),1e-12)), loo(C,yy)
    def models(s):
        n=len(s.i)
        if getattr(s,'cache',None) and s.cache[0]==n: return s.cache[1]
        s.Zs=np.log(s.X); s.Zs=(s.Zs-s.Zs.mean(0))/s.Zs.std(0)
        mE,sE,_,_=s.posterior(); out=[(mE,sE,1.0)]
        if n>=4:
            gm,gs,gl=s.gp_post(s.E); pl=s.loo_phys
            d=(gl-pl); d=np.clip(d,-5,5).sum()*1.0 + 0
            w=1/(1+np.exp(np.clip(d,-30,30))); w=min(max(w,.05),.95)
            out=[(mE,sE,w),(gm,gs,1-w)]
        s.cache=(n,out); return out
    def ask(s):
        n=len(s.i)
        if n==0: return s.anchor
        M=s.models(); ei=0
        mm=sum(w*m for m,sd,w in M); ii=list(set(s.i))
        for m,sd,w in M:
            b=m[ii].min(); z=(b-m)/sd; ei=ei+w*sd*(z*Phi(z)+phi(z))
        return int(np.argmax(ei))
    def recommend(s):
        mm=sum(w*m for m,sd,w in s.models()); ii=list(set(s.i)); return ii[int(np.argmin(mm[ii]))]
